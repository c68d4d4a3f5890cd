/// A worker's two reading buffers: one for what comes off the wire, one for what is handed to the channel's owner.
///
/// For a plain connection they are the same octets and only `clear` is used.
final class Scratch {
    static let size = 64 << 10
    let clear = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
    let wire = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)

    deinit {
        clear.deallocate()
        wire.deallocate()
    }
}
