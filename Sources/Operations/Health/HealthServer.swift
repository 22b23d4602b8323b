import NIOCore
import NIOHTTP1
import NIOPosix

/// Answers GET on a few paths, for probes and scrapers; one thread of its own.
///
/// Bodies of requests are dropped, no connection lasts long, and there are not many at once: whoever opens them uses up
/// no descriptors of the ledger's. Never on the way of a message: where it cannot listen the worker works all the same,
/// and says so.
public final class HealthServer: Sendable {
    public struct Answer: Sendable, Equatable {
        public var isWell: Bool
        public var contentType: String
        public var body: String

        public init(isWell: Bool, contentType: String, body: String) {
            self.isWell = isWell
            self.contentType = contentType
            self.body = body
        }
    }

    /// What is told on a path; `nil`: there is no such path. Called on the server's thread; must not wait.
    public typealias Route = @Sendable (_ path: String) -> Answer?

    /// Probes come every few seconds from a few places; more wait in the socket's queue.
    private static let backlog: Int32 = 16
    /// Probes and scrapers ask at once and give up within this themselves, by default.
    public static let patience = Duration.seconds(10)
    /// Far more than ask at once, and a small part of the descriptors that a process has.
    static let maximumConnections = 64

    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let channel: any Channel

    /// - Parameter patience: after which a connection is closed, whatever it has said.
    /// - Throws: where nobody may listen there.
    public init(
        host: String, port: Int, patience: Duration = HealthServer.patience, route: @escaping Route
    ) async throws {
        let open = NIOLoopBoundBox.makeBoxSendingValue(0, eventLoop: group.next())
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                // What is not made ready is closed.
                guard open.value < Self.maximumConnections else {
                    return channel.eventLoop.makeFailedFuture(Crowded())
                }
                open.value += 1
                let end = channel.eventLoop.scheduleTask(in: TimeAmount(patience)) { channel.close(promise: nil) }
                channel.closeFuture.whenComplete { _ in
                    open.value -= 1
                    end.cancel()
                }
                return channel.pipeline.configureHTTPServerPipeline().flatMap {
                    channel.pipeline.addHandler(HealthHandler(route: route))
                }
            }
        do { channel = try await bootstrap.bind(host: host, port: port).get() } catch {
            try await group.shutdownGracefully()
            throw error
        }
    }

    private struct Crowded: Error {}

    /// The port that was chosen where 0 was asked for.
    public var port: Int? { channel.localAddress?.port }

    public func stop() async {
        // It is on its way out: what does not close by itself is closed by the process's end.
        try? await channel.close()
        try? await group.shutdownGracefully()
    }
}

/// One connection.
private final class HealthHandler: ChannelInboundHandler, Sendable {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let route: HealthServer.Route

    init(route: @escaping HealthServer.Route) { self.route = route }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let request) = unwrapInboundIn(data) else { return }
        let path = request.uri.split(separator: "?", maxSplits: 1).first.map(String.init) ?? "/"
        guard request.method == .GET || request.method == .HEAD else {
            return answer(context, .methodNotAllowed, "text/plain", "only GET\n", request)
        }
        guard let made = route(path) else { return answer(context, .notFound, "text/plain", "not here\n", request) }
        answer(context, made.isWell ? .ok : .serviceUnavailable, made.contentType, made.body, request)
    }

    private func answer(
        _ context: ChannelHandlerContext, _ status: HTTPResponseStatus, _ contentType: String, _ text: String,
        _ request: HTTPRequestHead
    ) {
        var headers = HTTPHeaders()
        headers.add(name: "Content-Type", value: contentType)
        headers.add(name: "Content-Length", value: String(text.utf8.count))
        headers.add(name: "Connection", value: "close")
        let head = HTTPResponseHead(version: request.version, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request.method != .HEAD {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        }
        let loop = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in loop.value.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
