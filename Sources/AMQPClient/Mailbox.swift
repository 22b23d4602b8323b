import CRabbitMQ
import Glibc
import Synchronization

/// What a connection's owner asks of it.
enum Command: Sendable, Equatable {
    case consume(queue: String, prefetch: UInt16, exclusive: Bool, tag: String? = nil)
    case stopConsuming
    case acknowledge(deliveryTag: UInt64, multiple: Bool)
    case reject(deliveryTag: UInt64, requeue: Bool)
    case letGo
    case publish([Publication])
    case close
    case abort
}

/// Commands on their way to a connection's thread; posting never blocks.
final class Mailbox: Sendable {
    /// Readable while commands wait, so that the thread can poll it beside the socket.
    let wakeup: Int32
    private let waiting = Mutex<[Command]>([])

    init() { wakeup = crabbitmq_wakeup_open() }

    deinit { Glibc.close(wakeup) }

    func post(_ command: Command) {
        let wasEmpty = waiting.withLock { commands in
            commands.append(command)
            return commands.count == 1
        }
        if wasEmpty {
            var one: UInt64 = 1
            _ = unsafe Glibc.write(wakeup, &one, 8)
        }
    }

    /// Waits for a command alone, at most so long.
    func wait(milliseconds: Int64) {
        var descriptor = pollfd(fd: wakeup, events: Int16(POLLIN), revents: 0)
        _ = unsafe poll(&descriptor, 1, Int32(min(max(milliseconds, 0), 600_000)))
    }

    func take() -> [Command] {
        var count: UInt64 = 0
        // Emptied before the commands are taken: a command posted between the two wakes once more, which is harmless.
        _ = unsafe Glibc.read(wakeup, &count, 8)
        return waiting.withLock { commands in
            let taken = commands
            commands = []
            return taken
        }
    }
}
