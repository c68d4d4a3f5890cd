internal import Glibc
internal import Synchronization

/// The whole terminal, for as long as this lives: a page of its own, without cursor and echo; what was there comes back at the end.
final class TerminalScreen {
    private static let page = "\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l", leave = "\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l"
    /// Raised by a signal that asks for the end.
    private static let isEnding = Atomic(false)

    private let before: termios

    /// - Returns: `nil` where there is no terminal to draw on or to read keys from.
    static func take() -> TerminalScreen? {
        var before = termios()
        guard isatty(0) == 1, isatty(1) == 1, tcgetattr(0, &before) == 0 else { return nil }
        return TerminalScreen(before: before)
    }

    private init(before: termios) {
        self.before = before
        for number in [SIGTERM, SIGHUP, SIGINT] { signal(number) { _ in TerminalScreen.isEnding.store(true, ordering: .relaxed) } }
        enter()
    }

    deinit { giveBack() }

    enum Key { case quit, redraw, other }

    /// Waits for a key.
    ///
    /// - Returns: `nil` when the time is over.
    func key(within milliseconds: Int32) -> Key? {
        if Self.isEnding.load(ordering: .relaxed) { return .quit }
        var wanted = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
        let count = poll(&wanted, 1, milliseconds)
        if Self.isEnding.load(ordering: .relaxed) { return .quit }
        guard count > 0 else { return nil }
        var octets = [UInt8](repeating: 0, count: 64)
        let length = read(0, &octets, octets.count)
        // The terminal is gone.
        guard length > 0 else { return .quit }
        let keys = octets[..<length]
        // q, Q, Ctrl-C, Ctrl-D; a lone escape, but not the sequence of a cursor key.
        if keys.contains(where: { [UInt8(ascii: "q"), UInt8(ascii: "Q"), 3, 4].contains($0) }) || keys == [27] { return .quit }
        if keys.contains(26) { suspend() }
        return keys.contains(12) || keys.contains(26) ? .redraw : .other
    }

    /// Columns and lines.
    var size: (width: Int, height: Int) {
        var size = winsize()
        guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Puts lines on the screen, each cut to its width.
    func draw(_ lines: [StyledLine], width: Int) {
        var text = "\u{1B}[H"
        for (index, line) in lines.enumerated() {
            // Cleared before: behind a full line, that would take its last character.
            text += "\u{1B}[K" + line.rendered(width: width, isStyled: Terminal.isColoured) + (index == lines.count - 1 ? "" : "\r\n")
        }
        put(text + "\u{1B}[J")
    }

    private func enter() {
        var raw = before
        raw.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG | IEXTEN)
        raw.c_iflag &= ~tcflag_t(IXON)
        tcsetattr(0, TCSANOW, &raw)
        put(Self.page)
    }

    private func giveBack() {
        put(Self.leave)
        var before = before
        tcsetattr(0, TCSANOW, &before)
    }

    /// Ctrl-Z: the shell has the terminal until it says `fg`.
    private func suspend() {
        giveBack()
        kill(getpid(), SIGTSTP)
        enter()
    }

    private func put(_ text: String) {
        let octets = Array(text.utf8)
        var offset = 0
        while offset < octets.count {
            let count = octets.withUnsafeBytes { write(1, $0.baseAddress.map { $0 + offset }, $0.count - offset) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            offset += count
        }
    }
}
