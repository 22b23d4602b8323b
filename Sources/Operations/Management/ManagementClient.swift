public import Detainers
import Foundation
import FoundationNetworking
import Synchronization

/// Asks RabbitMQ's management API; reads only, and keeps nothing between two questions.
public struct ManagementClient: Sendable {
    public let address: ManagementAddress

    /// A broker that is well answers in milliseconds; one that gathers from many nodes in a second or two.
    private static let silenceSeconds = 5.0
    /// For one answer as a whole.
    private static let answerSeconds = 10.0
    /// Answers about our queues are some kilobytes; one of a thousand consumers below a megabyte.
    static let maximumBytes = 8 << 20

    public init(_ address: ManagementAddress) { self.address = address }

    private static var configuration: URLSessionConfiguration {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = silenceSeconds
        configuration.timeoutIntervalForResource = answerSeconds
        configuration.httpCookieAcceptPolicy = .never
        configuration.urlCache = nil
        return configuration
    }

    /// The answer to GET `/api/<path>`.
    public func get(_ path: String...) async throws(ManagementError) -> JSONValue { try await get(path) }

    public func get(_ path: [String]) async throws(ManagementError) -> JSONValue {
        var request = URLRequest(url: try address.url(path))
        request.setValue(address.authorization, forHTTPHeaderField: "Authorization")
        request.setValue("application/json", forHTTPHeaderField: "Accept")
        let answer = await Reception().answer(request, Self.configuration)
        return try Self.value(answer, from: address)
    }

    /// What an answer says.
    static func value(_ answer: Answer, from address: ManagementAddress) throws(ManagementError) -> JSONValue {
        switch answer {
        case .failed(let why):
            throw ManagementError(
                code: .unreachable,
                message: "the management API at \(address) does not answer (\(why)): is the plugin on?")
        case .tooLarge:
            throw ManagementError(
                code: .unreadable, message: "the management API at \(address) answers more than \(maximumBytes) bytes")
        case .complete(401, _):
            throw ManagementError(
                code: .refused,
                message: "the management API at \(address) refuses this user: `rabbitmqctl set_user_tags` gives it "
                    + "the tag `monitoring`")
        case .complete(403, _):
            throw ManagementError(
                code: .refused, message: "this user may not ask the management API at \(address) for that")
        case .complete(404, _), .complete(405, _):
            throw ManagementError(code: .notFound, message: "the management API at \(address) has no such thing")
        case .complete(200, let body):
            do throws(JSONError) { return try JSONValue.parse(body) } catch {
                throw ManagementError(
                    code: .unreadable, message: "the management API at \(address) answers what is no JSON: \(error)")
            }
        case .complete(let status, _):
            throw ManagementError(
                code: .unreadable, message: "the management API at \(address) answers with status \(status)")
        }
    }

    enum Answer: Sendable, Equatable {
        case complete(status: Int, body: [UInt8])
        case tooLarge
        /// By the system's own words, which name neither user nor password.
        case failed(String)
    }
}

/// Takes one answer, up to its bound; follows no redirection, for the password would go with it.
private final class Reception: NSObject, URLSessionDataDelegate {
    private struct State {
        var status = 0
        var body: [UInt8] = []
        var isTooLarge = false
        var waiting: CheckedContinuation<ManagementClient.Answer, Never>?
    }

    private let state = Mutex(State())

    func answer(_ request: URLRequest, _ configuration: URLSessionConfiguration) async -> ManagementClient.Answer {
        let session = URLSession(configuration: configuration, delegate: self, delegateQueue: nil)
        // It holds its delegate until then.
        defer { session.finishTasksAndInvalidate() }
        return await withCheckedContinuation { continuation in
            state.withLock { $0.waiting = continuation }
            session.dataTask(with: request).resume()
        }
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
    ) {
        state.withLock { $0.status = (response as? HTTPURLResponse)?.statusCode ?? 0 }
        completionHandler(.allow)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let isTooLarge = state.withLock { state in
            state.isTooLarge = state.body.count + data.count > ManagementClient.maximumBytes
            if !state.isTooLarge { state.body += data }
            return state.isTooLarge
        }
        if isTooLarge { dataTask.cancel() }
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        let (waiting, answer) = state.withLock { state in
            let answer: ManagementClient.Answer =
                if state.isTooLarge {
                    .tooLarge
                } else if let error {
                    .failed((error as NSError).localizedDescription)
                } else {
                    .complete(status: state.status, body: state.body)
                }
            return (state.waiting.take(), answer)
        }
        waiting?.resume(returning: answer)
    }
}
