public import Dispatcher
public import Networking

/// The dispatcher runs on a worker, beside connections: most of what it is told comes from there.
extension Worker: DispatcherExecutor {}
