internal import MailModel

extension RelayEvent {
    /// Whether an alarm may begin or end because of it. All else is found by looking every few seconds.
    var concernsAlarms: Bool {
        switch name {
        case .routePaused, .routeResumed, .quarantined, .deadLettered: true
        default: false
        }
    }
}
