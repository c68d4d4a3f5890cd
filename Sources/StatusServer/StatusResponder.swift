internal import ControlProtocol
internal import HTTPTypes
internal import Hummingbird

/// Answers a request: who may ask first, then the page.
struct StatusResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    let source: any StatusSource
    /// Of the moment, since a reload may change them.
    let access: @Sendable () -> AccessRules
    let timeline: @Sendable () -> Timeline

    func respond(to request: Request, context: Context) async throws -> Response {
        let response = await answer(to: request)
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(to request: Request) async -> Response {
        let access = access()
        let host = request.head.authority
        guard access.allows(host: host) else {
            return .refusal(
                .forbidden, "this server does not go by that name; use its address or localhost, or add the name to http.hosts")
        }
        guard access.allows(origin: request.headers[.origin], host: host) else {
            return .refusal(.forbidden, "pages of other sites may not ask this server")
        }
        guard request.method == .get || request.method == .head else {
            var response = Response.refusal(.methodNotAllowed, "nothing can be changed here; ask with GET")
            response.headers[.allow] = "GET, HEAD"
            return response
        }
        let query = Query(request.uri.query ?? "")
        if let response = await health(request.uri.path) { return response }
        guard !access.isHealthOnly else {
            return .refusal(
                .forbidden,
                "only /healthz is answered, because others can reach this address; add http.token, or listen on 127.0.0.1")
        }
        guard access.allows(authorization: request.headers[.authorization]) else { return .tokenNeeded }
        return await page(request.uri.path, query)
    }

    private func health(_ path: String) async -> Response? {
        switch path {
        case "/healthz/live":
            return await source.isAlive() ? .text("alive") : .refusal(.serviceUnavailable, "a part of the daemon does not move")
        case "/healthz/ready":
            if let refusal = await source.refusal() { return .refusal(.serviceUnavailable, "no mail is accepted: \(refusal)") }
            return .text("ready")
        default: return nil
        }
    }

    private func page(_ path: String, _ query: Query) async -> Response {
        switch path {
        case "/": return .html(await dashboard(query).page)
        case "/trace": return .html(await trace(query["q"] ?? "").page)
        case "/dashboard.css": return .octets(PackageResources.dashboard_css, type: "text/css; charset=utf-8")
        case "/dashboard.js": return .octets(PackageResources.dashboard_js, type: "text/javascript; charset=utf-8")
        case "/icon.svg": return .octets(PackageResources.icon_svg, type: "image/svg+xml")
        case "/metrics": return .text(await source.metrics().text, type: MetricsText.contentType)
        case "/status.json":
            guard let json = try? ControlCoding.encode(await source.status()) else {
                return .refusal(.internalServerError, "the status cannot be shown")
            }
            return .octets(json + [10], type: "application/json")
        default: return .refusal(.notFound, "no such page; there are /, /trace, /metrics, /status.json, /healthz/live and /healthz/ready")
        }
    }
}

extension StatusResponder {
    private func dashboard(_ query: Query) async -> Dashboard {
        let span = query["span"].flatMap(Timeline.Span.init) ?? .hour
        async let events = source.events(Dashboard.eventCount)
        async let status = source.status()
        let timeline = timeline()
        let now = timeline.last?.time ?? 0
        return Dashboard(
            status: await status, events: await events?.reversed(), samples: timeline.samples(span, now: now), span: span, now: now)
    }

    /// The word in full, since it may be a Message-ID that was copied with the space around it.
    private func trace(_ word: String) async -> TracePage {
        let word = String(decoding: word.utf8.drop { $0 == 32 }.reversed().drop { $0 == 32 }.reversed(), as: UTF8.self)
        async let report = word.isEmpty ? TraceReport(messages: []) : source.trace(word)
        async let status = source.status()
        return TracePage(word: word, report: await report, status: await status)
    }
}

extension Response {
    static func html(_ page: Page) -> Response { .text(page.html, type: "text/html; charset=utf-8") }

    static func text(_ text: String) -> Response { .text(text + "\n", type: "text/plain; charset=utf-8") }

    static func text(_ text: String, type: String) -> Response { .octets(Array(text.utf8), type: type) }

    static func refusal(_ status: HTTPResponse.Status, _ text: String) -> Response {
        var response = Response.text(text)
        response.status = status
        return response
    }

    static let tokenNeeded: Response = {
        var response = Response.refusal(
            .unauthorized, "this needs the token of http.token: as Authorization: Bearer TOKEN, or in a browser as the password of any name"
        )
        response.headers[.wwwAuthenticate] = #"Basic realm="Fairlead", charset="UTF-8", Bearer realm="Fairlead""#
        return response
    }()

    /// Nothing may be kept, framed, guessed at or loaded from elsewhere.
    static func octets(_ octets: [UInt8], type: String) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = type
        headers[.cacheControl] = "no-store"
        headers[.xContentTypeOptions] = "nosniff"
        headers[.contentSecurityPolicy] =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
            + "base-uri 'none'; frame-ancestors 'none'"
        for (name, value) in HTTPField.Name.isolation { headers[name] = value }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: octets)))
    }
}

extension HTTPField.Name {
    fileprivate static let isolation: [(HTTPField.Name, String)] = [
        ("Referrer-Policy", "no-referrer"), ("X-Frame-Options", "DENY"), ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    ].compactMap { name, value in HTTPField.Name(name).map { ($0, value) } }
}
