internal import MailModel

/// From the greeting to the first transaction.
extension ClientSession {
    mutating func greeted(_ reply: Reply) -> Action {
        guard reply.isPositive else { return refused(reply) }
        return sendEHLO()
    }

    mutating func greetedBack(_ reply: Reply) -> Action {
        guard reply.isPositive else { return refused(reply) }
        let offered = learn(reply)
        guard isEncrypted else {
            guard offered.offersStartTLS else {
                state = .startTLS
                return breakOff(.startTLSNotOffered)
            }
            state = .startTLS
            return send("STARTTLS")
        }
        guard let credentials = configuration.credentials else {
            state = .ready
            return .ready
        }
        if offered.offersPlain {
            state = .auth(.plain)
            let message = [0] + credentials.username + [0] + credentials.password.exposed
            return .sendSecret(Secret(Array("AUTH PLAIN ".utf8) + Base64.encode(message) + ASCII.crlf))
        }
        if offered.offersLogin {
            state = .auth(.loginName)
            return send("AUTH LOGIN")
        }
        state = .auth(.plain)
        return breakOff(.loginNotOffered)
    }

    mutating func startTLSAnswered(_ reply: Reply) -> Action {
        guard reply.isPositive else { return refused(reply) }
        state = .tlsHandshake
        return .startTLS
    }

    mutating func authAnswered(_ step: AuthStep, _ reply: Reply) -> Action {
        let credentials = configuration.credentials
        switch step {
        case .plain, .loginPassword:
            guard reply.isPositive else { return refused(reply) }
            state = .ready
            return .ready
        case .loginName:
            guard reply.isIntermediate else { return refused(reply) }
            state = .auth(.loginUsername)
            return .sendSecret(Secret(Base64.encode(credentials?.username ?? []) + ASCII.crlf))
        case .loginUsername:
            guard reply.isIntermediate else { return refused(reply) }
            state = .auth(.loginPassword)
            return .sendSecret(Secret(Base64.encode(credentials?.password.exposed ?? []) + ASCII.crlf))
        }
    }

    /// 4yz and 5yz are answers; anything else here is a fault.
    mutating func refused(_ reply: Reply) -> Action {
        breakOff(reply.isTransient || reply.isPermanent ? .refused(reply) : .protocolError(reply))
    }
}
