import Testing

@testable import AMQPClient

struct SecretModeTests {
    @Test(
        arguments: [
            // A user's own file is for nobody else.
            (0o600, 1000, 1000, false), (0o400, 1000, 1000, false), (0o640, 1000, 1000, true),
            (0o604, 1000, 1000, true),
            // Root's may be read by a group, as a kubelet mounts it, and by nobody else.
            (0o440, 0, 1000, false), (0o640, 0, 1000, false), (0o660, 0, 1000, true), (0o444, 0, 1000, true),
            (0o650, 0, 1000, true),
            // To root himself that is a file of his own; somebody else's is judged like one's own.
            (0o640, 0, 0, true), (0o600, 0, 0, false), (0o640, 1001, 1000, true),
            // The file's kind and set-bits are no rights.
            (0o100600, 1000, 1000, false),
        ] as [(UInt32, UInt32, UInt32, Bool)])
    func whoMayReadASecret(mode: UInt32, owner: UInt32, user: UInt32, isOpen: Bool) {
        #expect(SecretMode.isOpenToOthers(mode, owner: owner, user: user) == isOpen)
    }
}
