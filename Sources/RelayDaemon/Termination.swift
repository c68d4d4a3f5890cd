/// Returns after SIGTERM or SIGINT; a second one ends the process.
public func untilTerminated() async {
    let stop = StopSignal()
    let signals = Signals(
        onTerminate: {
            if !stop.raise() { endNow() }
        }, onReload: {})
    await stop.wait()
    withExtendedLifetime(signals) {}
}
