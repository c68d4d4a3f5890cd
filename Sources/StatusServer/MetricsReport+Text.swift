internal import ControlProtocol

extension MetricsReport {
    /// Everything, in the form that Prometheus reads. Names and labels are an interface: add, never rename.
    var text: String {
        var text = MetricsText()
        addMail(to: &text)
        addQueue(to: &text)
        addRoute(to: &text)
        addAccounts(to: &text)
        addDaemon(to: &text)
        addProcess(to: &text)
        return text.text
    }

    private func addMail(to text: inout MetricsText) {
        let sorted = accounts.sorted { $0.key < $1.key }
        func byAccount(_ name: String, _ help: String, _ value: (Account) -> Int) {
            text.add(name, .counter, help, sorted.map { MetricsText.Point(value($0.value), ("account", $0.key)) })
        }
        byAccount("fairlead_messages_accepted_total", "Messages that were answered with 250.", \.messages)
        byAccount("fairlead_accepted_bytes_total", "Octets of these messages as they are sent.", \.octets)
        byAccount("fairlead_recipients_accepted_total", "Recipients of these messages.", \.accepted)
        byAccount("fairlead_recipients_relayed_total", "Recipients that the upstream took, which does not mean delivered.", \.relayed)
        byAccount("fairlead_recipients_deferred_total", "Attempts after which a recipient waits for the next one.", \.deferred)
        byAccount("fairlead_recipients_failed_total", "Recipients that the upstream refused for good.", \.failed)
        byAccount("fairlead_recipients_expired_total", "Recipients that were given up after the lifetime of their message.", \.expired)
        byAccount("fairlead_recipients_in_doubt_total", "Attempts whose outcome never came, so that a copy is possible.", \.inDoubt)
        text.add("fairlead_messages_refused_total", .counter, "Messages refused in the dialogue.", refusedMessages)
        text.add("fairlead_logins_refused_total", .counter, "Logins refused.", refusedLogins)
        text.add("fairlead_relay_delay_seconds", "Time from acceptance until the upstream took a recipient.", delays)
        text.add("fairlead_reports_sent_total", .counter, "Delivery reports that were queued.", status.reports.sent)
        text.add(
            "fairlead_reports_failed_total", .counter, "Delivery reports that could not be relayed themselves.", status.reports.bounced)
    }

    private func addQueue(to text: inout MetricsText) {
        text.add(
            "fairlead_queue_messages", .gauge, "Messages in the queue, by state.",
            [
                MetricsText.Point(queue.active, ("state", "active")), MetricsText.Point(queue.deferred, ("state", "deferred")),
                MetricsText.Point(status.queue.held, ("state", "hold")),
                MetricsText.Point(status.queue.quarantined, ("state", "quarantine")),
                MetricsText.Point(status.queue.dead, ("state", "dead")),
            ])
        text.add("fairlead_queue_recipients", .gauge, "Recipients in the queue without an outcome.", status.queue.recipients)
        text.add("fairlead_queue_size_bytes", .gauge, "Octets of the messages in the queue.", queue.octets)
        text.add("fairlead_queue_oldest_age_seconds", .gauge, "Age of the oldest message, 0 if there is none.", status.queue.oldestAge ?? 0)
        text.add("fairlead_storage_up", .gauge, "Whether the queue's storage takes messages.", status.queue.storage == "ok" ? 1 : 0)
        text.add("fairlead_storage_free_bytes", .gauge, "Free space on the queue's file system.", status.space?.free)
        text.add("fairlead_storage_free_inodes", .gauge, "Free inodes on the queue's file system.", status.space?.freeInodes)
    }

    private func addRoute(to text: inout MetricsText) {
        let isOpen = status.route.state == "open"
        text.add("fairlead_route_up", .gauge, "Whether mail may leave: 0 while the route is paused.", isOpen ? 1 : 0)
        text.add(
            "fairlead_route_paused", .gauge, "Why the route is paused, while it is.",
            isOpen ? [] : [MetricsText.Point(1, ("cause", status.route.cause ?? "unknown"))])
        let unlimited = Double.infinity
        text.add(
            "fairlead_send_limit_recipients_per_second", .gauge, "The configured rate.", status.sending.limit.map(Double.init) ?? unlimited)
        text.add(
            "fairlead_send_limit_effective_recipients_per_second", .gauge, "The rate in force, lower once the upstream refused more.",
            status.sending.effectiveLimit.map(Double.init) ?? unlimited)
        text.add("fairlead_quota_used_recipients", .gauge, "Recipients relayed in 24 hours.", status.quota?.used)
        text.add(
            "fairlead_quota_limit_recipients", .gauge, "Recipients that may be relayed in 24 hours.",
            status.quota.map { $0.limit.map(Double.init) ?? unlimited })
        let connections = status.connections
        text.add("fairlead_submission_connections", .gauge, "Open connections from apps.", connections.submission)
        text.add(
            "fairlead_upstream_connections", .gauge, "Open connections to the upstream, by state.",
            [
                MetricsText.Point(connections.upstreamBusy, ("state", "busy")),
                MetricsText.Point(max(0, connections.upstream - connections.upstreamBusy), ("state", "idle")),
            ])
        text.add("fairlead_upstream_connections_limit", .gauge, "Connections to the upstream at most.", connections.upstreamLimit)
    }

    private func addAccounts(to text: inout MetricsText) {
        func byAccount(_ name: String, _ help: String, _ value: (StatusReport.Account) -> Int?) {
            text.add(
                name, .gauge, help,
                status.accounts.compactMap { account in value(account).map { MetricsText.Point($0, ("account", account.name)) } })
        }
        byAccount("fairlead_account_queue_messages", "Messages of the account in the queue.", \.queued)
        byAccount("fairlead_account_daily_used_recipients", "Recipients accepted from the account in 24 hours.", \.accepted24h)
        byAccount("fairlead_account_daily_limit_recipients", "Recipients that the account may have in 24 hours.", \.daily)
    }

    private func addDaemon(to text: inout MetricsText) {
        text.add(
            "fairlead_alarms", .gauge, "Alarms in force, by kind.",
            alarms.map { MetricsText.Point($0.count, ("kind", $0.kind), ("severity", $0.isGrave ? "critical" : "warning")) })
        text.add("fairlead_configuration_warnings", .gauge, "What the configuration warns of.", status.warnings.count)
        text.add(
            "fairlead_certificate_expiry_timestamp_seconds", .gauge, "When the certificate that apps see expires, as Unix time.",
            certificateExpiry)
        text.add("fairlead_log_lines_lost_total", .counter, "Log lines that nobody took.", status.logLinesLost)
        text.add("fairlead_build_info", .gauge, "The version, in a label.", [MetricsText.Point(1, ("version", status.version))])
    }

    private func addProcess(to text: inout MetricsText) {
        text.add("process_start_time_seconds", .gauge, "When the process started, as Unix time.", process.startTime)
        text.add("process_cpu_seconds_total", .counter, "Processor time spent.", process.cpuSeconds)
        text.add("process_resident_memory_bytes", .gauge, "Resident memory.", process.residentOctets)
        text.add("process_virtual_memory_bytes", .gauge, "Virtual memory.", process.virtualOctets)
        text.add("process_open_fds", .gauge, "Open file descriptors.", process.openDescriptors)
        text.add("process_max_fds", .gauge, "File descriptors at most.", process.maximumDescriptors)
        text.add("process_threads", .gauge, "Threads.", process.threads)
    }
}
