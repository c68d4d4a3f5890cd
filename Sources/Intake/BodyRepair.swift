internal import MailModel
internal import MessageFormat

/// The second pass over a body: octets in, the same body in 7 bits and lines of at most 998 octets out.
///
/// Parts that need nothing pass byte for byte. Memory is what one piece becomes, whatever the size of the body.
struct BodyRepair {
    private var scanner: MIMEScanner
    private var writer: Writer

    /// - Parameters:
    ///   - content: what the header of the message says.
    ///   - repairs: as the survey of the same body found them.
    init(content: ContentHeader, repairs: [PartRepair]) {
        scanner = MIMEScanner(content: content)
        writer = Writer(repairs: repairs)
    }

    /// - Returns: what the octets so far have become and was not returned before.
    mutating func feed(_ piece: UnsafeRawBufferPointer) -> [UInt8] {
        scanner.feed(piece, to: &writer)
        return writer.take()
    }

    /// The rest; to be called once, after the last piece.
    mutating func finish() -> [UInt8] {
        scanner.finish(to: &writer)
        return writer.last()
    }

    private struct Writer: MIMESink {
        private let repairs: [PartRepair]
        private var index = 0
        private var output: [UInt8] = []
        private var isAtLineStart = true
        private var quotedPrintable = QuotedPrintableEncoder()
        private var base64 = Base64LineEncoder()
        private var quotedPrintableMender = QuotedPrintableMender()
        private var base64Mender = Base64Mender()
        private var frameColumn = 0

        init(repairs: [PartRepair]) { self.repairs = repairs }

        private var repair: PartRepair { index < repairs.count ? repairs[index] : PartRepair() }

        mutating func part(_ header: PartHeader, content: ContentHeader, isSealed: Bool) {
            index += 1
            guard !isSealed, let block = header.block, let repaired = try? self.repaired(block, content) else {
                return output.append(contentsOf: header.octets)
            }
            repaired.write(to: &output)
            output.append(contentsOf: ASCII.crlf)
        }

        /// - Returns: `nil` if the header can stay as it is.
        private func repaired(_ block: HeaderBlock, _ content: ContentHeader) throws(HeaderError) -> HeaderBlock? {
            var block = block
            let isWritten = try !block.makeSevenBit(declaredCharset: content.charset).isEmpty
            let isRelabelled = try repair.apply(to: &block, of: content)
            return isWritten || isRelabelled ? block : nil
        }

        mutating func content(_ octets: UnsafeRawBufferPointer) {
            switch repair.method {
            case .keep: output.append(contentsOf: octets)
            case .quotedPrintable: quotedPrintable.encode(octets, to: &output)
            case .base64: base64.encode(octets, to: &output)
            case .mendQuotedPrintable: quotedPrintableMender.mend(octets, to: &output)
            case .mendBase64: base64Mender.mend(octets, to: &output)
            }
        }

        mutating func endOfContent() {
            switch repair.method {
            case .quotedPrintable: quotedPrintable.finish(to: &output)
            case .base64: base64.finish(to: &output)
            case .keep, .mendQuotedPrintable, .mendBase64: break
            }
            quotedPrintableMender = QuotedPrintableMender()
            base64Mender = Base64Mender()
            frameColumn = 0
        }

        /// Nobody reads what stands between the parts, so what is not ASCII there may be lost; what is stays.
        mutating func frame(_ octets: UnsafeRawBufferPointer) {
            for octet in octets {
                if octet == ASCII.lineFeed || octet == ASCII.carriageReturn {
                    frameColumn = 0
                } else {
                    if frameColumn == 998 {
                        output.append(contentsOf: ASCII.crlf)
                        output.append(ASCII.space)  // no new line may look like a delimiter
                        frameColumn = 1
                    }
                    frameColumn += 1
                }
                output.append(octet < 0x80 ? octet : UInt8(ascii: "?"))
            }
        }

        mutating func longLine() {}

        mutating func take() -> [UInt8] {
            defer { output = [] }
            if let last = output.last { isAtLineStart = last == ASCII.lineFeed }
            return output
        }

        /// As `take`; an encoded body gets the line end that its encoding took away.
        mutating func last() -> [UInt8] {
            if let last = output.last { isAtLineStart = last == ASCII.lineFeed }
            if !isAtLineStart { output.append(contentsOf: ASCII.crlf) }
            return take()
        }
    }
}
