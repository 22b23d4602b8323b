import Glibc

/// Host names into numeric addresses; it may wait for name servers, so it is called on a connection's own thread.
enum Resolver {
    static func addresses(of host: String) throws(AMQPError) -> [String] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = unsafe getaddrinfo(host, nil, &hints, &list)
        defer { if let list = unsafe list { unsafe freeaddrinfo(list) } }
        var found: [String] = []
        var next = unsafe list
        while status == 0, let entry = unsafe next {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let named = unsafe getnameinfo(
                entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
            let bytes = text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
            if named == 0 { found.append(String(decoding: bytes, as: UTF8.self)) }
            unsafe next = entry.pointee.ai_next
        }
        if found.isEmpty {
            throw AMQPError(
                code: .connectionFailed, message: "no address is known for the host \(host): check its name")
        }
        return found
    }
}
