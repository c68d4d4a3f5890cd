internal import MailModel

extension Configuration {
    /// What no single key can know: addresses that collide, identities given twice, settings that belie each other.
    func check(_ reading: inout Reading) {
        checkListeners(&reading)
        checkIdentities(&reading)
        checkAccounts(&reading)
        checkUpstream(&reading)
    }

    private func checkListeners(_ reading: inout Reading) {
        // Defaults are checked too: `http: "[::]:587"` collides with a listener that is not in the file.
        var seen: [(address: ListenAddress, name: String)] = []
        let root = KeyPathText.root
        if reading.places["listeners"] == nil { seen += listeners.map { ($0.address, "the default listener") } }
        for (address, path) in reading.listenAddresses { report(address, path.key("address")) }
        if let http {
            let place = root.key("http")
            report(http.address, reading.places[place.key("address").text] == nil ? place : place.key("address"))
            checkHTTP(http, place, &reading)
        }

        func report(_ address: ListenAddress, _ path: KeyPathText) {
            if let other = seen.first(where: { $0.address.collides(with: address) }) {
                let why =
                    switch other.address {
                    case address: ""
                    case let wider where wider.takes(address): ", which takes this address too"
                    default: ", which it takes too"
                    }
                reading.report(key: path, "\(address) collides with \(other.name), \(other.address)\(why); choose another port")
            }
            seen.append((address, path.text))
        }
    }

    private func checkHTTP(_ http: HTTPServer, _ place: KeyPathText, _ reading: inout Reading) {
        guard !http.address.address.isLoopback else { return }
        if http.token == nil {
            reading.report(
                .warning, key: place,
                "\(http) may be reached from outside, so that without a token only /healthz is answered; "
                    + "add http.token, or listen on 127.0.0.1")
        } else if !http.address.address.isPrivate {
            reading.report(
                .warning, key: place,
                "\(http) may be reached from outside, and the token goes over the wire as it is; "
                    + "put a proxy with TLS in front of 127.0.0.1")
        }
    }

    private func checkIdentities(_ reading: inout Reading) {
        var first: [Identity.Subject: String] = [:]
        for (identity, path) in reading.identities {
            if let other = first[identity.subject] {
                let key = if case .domain = identity.subject { "domain" } else { "address" }
                reading.report(key: path.key(key), "\(identity.subject) is already \(other); keep one of them")
            } else {
                first[identity.subject] = path.text
            }
        }
    }

    private func checkAccounts(_ reading: inout Reading) {
        checkInboundAccounts(&reading)
        let identities = reading.identities.map(\.identity)
        // Without all identities nothing can be said.
        guard !identities.isEmpty, !reading.problems.contains(where: { $0.key?.hasPrefix("identities") ?? false }) else { return }
        checkSenderMaps(&reading)
        checkHeaderRules(&reading)
        checkAuthorRules(&reading)
        for (name, policy) in accounts.sorted(by: { $0.key < $1.key }) {
            checkSubstitute(of: policy, at: KeyPathText.root.key("accounts").name(name.description), &reading)
            for pattern in policy.from where !identities.contains(where: pattern.overlaps) {
                reading.report(
                    .warning, key: KeyPathText.root.key("accounts").name(name.description).key("from"),
                    "no identity covers \(pattern), so nothing can leave from it; add the identity or correct the pattern")
            }
        }
    }

    private func checkAuthorRules(_ reading: inout Reading) {
        for (index, rule) in rewrite.rules.enumerated() {
            checkSubstitute(of: rule.policy, at: KeyPathText.root.key("rewrite").key("rules").index(index), &reading)
        }
    }

    private func checkSubstitute(of policy: AccountPolicy, at path: KeyPathText, _ reading: inout Reading) {
        let known = reading.identities.map(\.identity.subject)
        guard let wanted = policy.identity, !known.contains(wanted) else { return }
        reading.report(
            key: path.key("identity"),
            "\(wanted) is none of identities; name one of \(known.map(\.description).joined(separator: ", "))")
    }

    private func checkInboundAccounts(_ reading: inout Reading) {
        for (name, policy) in accounts.sorted(by: { $0.key < $1.key }) {
            let path = KeyPathText.root.key("accounts").name(name.description)
            switch policy.kind {
            case .app:
                for (key, verdict) in [("spam_verdict", policy.spamVerdict), ("virus_verdict", policy.virusVerdict)]
                where verdict != .ignore {
                    reading.report(key: path.key(key), "is for accounts of kind: inbound; add kind: inbound, or remove it")
                }
            case .inbound:
                for (key, isGiven) in [("from", !policy.from.isEmpty), ("ses_headers", policy.sesHeaders != nil)] where isGiven {
                    reading.report(
                        key: path.key(key),
                        "has no meaning for kind: inbound, whose mail comes from anybody and leaves as the alias; remove it")
                }
                if policy.givenReports == .sender {
                    reading.report(
                        .warning, key: path.key("reports"),
                        "reports to senders of foreign mail reach people who never wrote it, if the sender was forged; write operator")
                }
                if aliases == nil {
                    reading.report(
                        key: path.key("kind"), "an inbound account may write to aliases only, and there are none; add the key aliases")
                }
            }
        }
    }

    private func checkUpstream(_ reading: inout Reading) {
        let path = KeyPathText.root.key("upstream")
        let usual: [UInt16: Upstream.TLSMode] = [465: .implicit, 2465: .implicit, 587: .starttls, 2587: .starttls, 25: .starttls]
        if let mode = usual[upstream.port], mode != upstream.tls {
            reading.report(
                .warning, key: path.key("tls"),
                "SES speaks \(mode.rawValue) on port \(upstream.port); write tls: \(mode.rawValue), or choose another port")
        }
        if upstream.host.description.hasSuffix(".mail-manager-smtp.amazonaws.com") {
            reading.report(
                .warning, key: path.key("host"),
                "is an ingress of SES Mail Manager, which takes mail and may drop it; use email-smtp.REGION.amazonaws.com")
        }
        if let region = upstream.region, let own = SESEndpoint(upstream.host)?.region, own != region {
            reading.report(
                .warning, key: path.key("region"),
                "\(region) is not the region of the host (\(own)); credentials and identities belong to one region")
        }
        if upstream.maxMessagesPerConnection > 350 {
            reading.report(
                .warning, key: path.key("max_messages_per_connection"), "SES ends a connection after about 350 messages; write 50")
        }
    }
}
