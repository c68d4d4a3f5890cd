extension [UInt8] {
    /// Appends `value`, not negative, with zeros in front up to `digits`.
    public mutating func appendDecimal(_ value: Int, digits: Int = 1) {
        var scale = 1
        var count = 1
        while count < digits || value / scale >= 10 {
            let next = scale.multipliedReportingOverflow(by: 10)
            guard !next.overflow else { break }
            scale = next.partialValue
            count += 1
        }
        var rest = Swift.max(0, value)
        while scale > 0 {
            append(ASCII.zero + UInt8(rest / scale))
            rest %= scale
            scale /= 10
        }
    }
}
