internal import MailModel

extension MailArguments {
    init(parsing argument: ArraySlice<UInt8>, isLocal: Bool = false) throws(CommandError) {
        let path = try PathArgument(parsing: argument, keyword: "FROM", verb: .mail)
        self.init(sender: try SenderArgument(path.address, isLocal: isLocal))
        var hasBody = false
        var hasAuth = false
        for text in path.parameters {
            let parameter = try ESMTPParameter(parsing: text, verb: .mail)
            if parameter.keyword.equalsIgnoringCase("SIZE") {
                guard size == nil, let number = parameter.value.flatMap(Decimal.parse) else { throw .malformedParameter(.mail) }
                size = number
            } else if parameter.keyword.equalsIgnoringCase("BODY") {
                guard !hasBody, let value = parameter.value else { throw .malformedParameter(.mail) }
                hasBody = true
                if value.equalsIgnoringCase("8BITMIME") {
                    body = .eightBitMIME
                } else if !value.equalsIgnoringCase("7BIT") {
                    throw .malformedParameter(.mail)
                }
            } else if parameter.keyword.equalsIgnoringCase("AUTH") {
                // RFC 4954 §5: must be understood where AUTH is offered. The identity that it names is a claim, and is ignored.
                guard !hasAuth, let value = parameter.value, XText.isValid(value) else { throw .malformedParameter(.mail) }
                hasAuth = true
            } else {
                throw .unknownParameter(.mail)
            }
        }
    }
}

extension SenderArgument {
    fileprivate init(_ address: ArraySlice<UInt8>, isLocal: Bool) throws(CommandError) {
        guard !address.isEmpty else {
            self = .null
            return
        }
        do {
            self = .mailbox(try Mailbox(parsingSender: address))
        } catch .addressLiteral {
            self = .literal(try AddressLiteral.checked(address, .mail))
        } catch {
            // Nobody can answer `root@localhost`, and so reports of its mail go to the operator.
            guard isLocal, error == .missingAt, let user = try? Mailbox(parsingSender: address + Array("@localhost".utf8)) else {
                throw .malformedAddress(.mail, error)
            }
            self = .mailbox(user)
        }
    }
}
