public import MailModel

extension Configuration {
    /// Entry of `identities`: a domain or an address that is verified in SES.
    public struct Identity: Hashable, Sendable {
        public enum Subject: Hashable, Sendable {
            /// The domain, its subdomains, and every address in them.
            case domain(Domain)
            /// This address, also with `+detail`.
            case address(Mailbox)
        }

        public let subject: Subject
        /// Lies in the identity. Foreign authors are rewritten to it.
        public let defaultSender: Mailbox
        /// The reverse-path of what leaves; lies in the identity.
        public let returnPath: Mailbox
        public let dkim: DKIM

        /// The `d=` of the signature, and the `{domain}` of display names: the domain, or that of the address.
        public var domain: Domain {
            switch subject {
            case .domain(let domain): domain
            case .address(let mailbox): mailbox.domain
            }
        }

        /// Whether SES lets us send as `mailbox` because of this identity.
        public func covers(_ mailbox: Mailbox) -> Bool {
            switch subject {
            case .domain(let domain): mailbox.domain.isWithin(domain)
            case .address(let own):
                // SES compares the local part of an address identity with case.
                mailbox.domain == own.domain && (mailbox.localPart == own.localPart || mailbox.localPart.withoutDetail == own.localPart)
            }
        }
    }
}

/// The keys of an identity before they are known to fit together.
struct IdentityDraft: Section {
    var domain: Domain?
    var address: Mailbox?
    var defaultSender: Mailbox?
    var returnPath: Mailbox?
    var dkim = DKIMDraft()

    static let keys: [SectionKey<Self>] = [
        SectionKey(
            "domain", \.domain, ValueType<Domain>.domain.optional,
            "A domain that is verified in SES; it covers its subdomains. Either this or address."),
        SectionKey(
            "address", \.address, ValueType<Mailbox>.mailbox.optional,
            "A single address that is verified in SES. Either this or domain."),
        SectionKey(
            "default_sender", \.defaultSender, ValueType<Mailbox>.mailbox.optional,
            defaultText: "no-reply@ the domain, or the address",
            "The address that foreign authors are rewritten to."),
        SectionKey(
            "return_path", \.returnPath, ValueType<Mailbox>.mailbox.optional, defaultText: "default_sender",
            "The envelope sender of what leaves."),
        SectionKey(
            "dkim", \.dkim, .section(),
            "The key that mail of this identity is signed with."),
    ]
}

extension ValueType<Configuration.Identity> {
    static let identity = section("identity", draft: IdentityDraft.init, finish: Configuration.Identity.finish)
}

extension IdentityDraft {
    init(_ identity: Configuration.Identity) {
        switch identity.subject {
        case .domain(let name): domain = name
        case .address(let mailbox): address = mailbox
        }
        defaultSender = identity.defaultSender
        returnPath = identity.returnPath
        dkim = DKIMDraft(identity.dkim)
    }
}

extension Configuration.Identity {
    fileprivate static func finish(_ draft: IdentityDraft, _ path: KeyPathText, _ reading: inout Reading) -> Self? {
        let subject: Subject
        switch (draft.domain, draft.address) {
        case (let domain?, nil): subject = .domain(domain)
        case (nil, let address?): subject = .address(address)
        case (_?, _?):
            reading.report(key: path.key("address"), "stands beside domain; keep one of them, a domain covers all its addresses")
            return nil
        case (nil, nil):
            // A domain that is there and wrong was reported already.
            if reading.places[path.key("domain").text] == nil, reading.places[path.key("address").text] == nil {
                reading.report(key: path, "names neither domain nor address; add the one that is verified in SES")
            }
            return nil
        }
        let name: Domain
        let standardSender: Mailbox?
        switch subject {
        case .domain(let domain):
            name = domain
            standardSender = (try? LocalPart(parsing: Array("no-reply".utf8))).map { Mailbox(localPart: $0, domain: domain) }
        case .address(let address):
            name = address.domain
            standardSender = address
        }
        guard let sender = draft.defaultSender ?? standardSender,
            let dkim = Configuration.DKIM.finish(draft.dkim, of: name, path.key("dkim"), &reading)
        else { return nil }
        let identity = Self(subject: subject, defaultSender: sender, returnPath: draft.returnPath ?? sender, dkim: dkim)
        reading.identities.append((identity, path))
        for (key, mailbox) in [("default_sender", sender), ("return_path", identity.returnPath)]
        where !identity.covers(mailbox) && (key == "default_sender" || identity.returnPath != sender) {
            reading.report(
                key: path.key(key), "\(mailbox) is outside the identity, so SES would refuse it; use an address in \(identity.subject)")
        }
        return identity
    }
}

extension Configuration.Identity.Subject: CustomStringConvertible {
    public var description: String {
        switch self {
        case .domain(let domain): domain.description
        case .address(let mailbox): mailbox.description
        }
    }
}
