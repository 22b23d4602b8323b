import AMQPClient
import ArgumentParser
import Detainers
import Dispatch
import Foundation
import Ledger
import Operations
import Policy
import ServiceLifecycle
import Worker

struct WorkerRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Consume until told to stop (SIGTERM or SIGINT).",
        discussion: """
            A first SIGTERM or SIGINT finishes what is in hand, within worker.drain-seconds; a second one leaves at \
            once. SIGHUP loads the policies again; where one does not hold, the old ones stay. SIGUSR1: be quiet, take \
            nothing and run on; SIGUSR2: resume. Under systemd it is of Type=notify and feeds the watchdog.
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: "Leave when nothing came for that many seconds.")
    var exitWhenIdle: Int?

    @Option(help: "The ledger's directory.")
    var ledger: String?

    @Option(help: "The worker's name.")
    var name: String?

    func validate() throws {
        if let exitWhenIdle, exitWhenIdle < 1 { throw ValidationError("--exit-when-idle takes 1 or more seconds") }
    }

    func run() async throws {
        try await Exit.mapping { try await start() }
    }

    /// What goes over environment and file, at the start and at each reload.
    private var flags: [Settings.Key: String] {
        var flags: [Settings.Key: String] = [:]
        flags[.ledgerDirectory] = ledger
        flags[.workerName] = name
        return flags
    }

    private func start() async throws {
        let settings = try common.settings(flags)
        let worker = try Self.checked(settings[.workerName])
        Log.configure(settings, isService: true, metadata: [("worker", worker)])
        let policies = try settings.policies()
        let judge = Judge(
            policies: policies, keys: try Self.pseudonymKeys(policies, settings), worker: worker,
            publishers: try settings.publisherKeys())
        try await Self.refuseUnsafeStart(settings, policies)
        let queue = try settings.workerQueue()
        let manager = await ServiceManager(environment: ProcessInfo.processInfo.environment) { Log.warning($0) }
        var configuration = WorkerConfiguration(
            address: try settings.address(), worker: worker, requestQueue: queue,
            outcomeExchange: settings[.outcomeExchange], deadExchange: settings[.deadExchange],
            prefetch: settings.prefetch, consumerTag: ConsumerTag.make(worker: worker),
            exitWhenIdleSeconds: exitWhenIdle, tellsEach: settings[.logLevel] == "debug")
        configuration.process = Self.process
        configuration.repliesToSenders = settings.repliesToSenders
        configuration.ownQueues = Set(Topology(settings).queues.map(\.name))
        let service = WorkerService(
            configuration: configuration, judge: judge, notify: { Log.notice($0) },
            progressed: { if $0.makesProgress { manager.alive(Self.sentence($0)) } })
        let signingKey = try settings.signingKey()
        let (window, minimum, percent) = settings.killSwitch
        let killSwitch = KillSwitch.Limits(window: window, minimum: minimum, percent: percent)
        let lifecycle = WorkerLifecycle(service: service, manager: manager) {
            let opened = try OpenLedger.open(
                directory: settings[.ledgerDirectory], worker: worker, load: PolicyLoad(judge, occasion: .start),
                signingKey: signingKey, killSwitch: killSwitch, drainSeconds: settings.drainSeconds,
                now: WallClock.now(), tell: { Log.warning($0) })
            if opened.wasUnclean { Log.info("the last run did not stop in order: one message at a time at first") }
            tell(opened.recovery)
            return opened
        }
        let signals = Self.signals(service, lifecycle, reload: { reload(service, manager, worker: worker) })
        defer { signals.cancel() }
        Log.info("started version \(Version.text) \(Self.process)")
        let health = settings.healthAddress.map { address -> any Service in
            WorkerHealth(
                address: address, worker: worker, queue: queue,
                exchanges: [settings[.outcomeExchange], settings[.deadExchange]], service: service)
        }
        let watch = ConsumerWatch(
            address: try settings.address(), management: try ManagementAddress(settings), worker: worker, queue: queue,
            service: service)
        let summary = try await lifecycle.run(beside: [watch] + (health.map { [$0] } ?? []))
        Log.info(
            "stopped: recorded \(summary.outcomes), announced \(summary.events), dead letters \(summary.deadLetters) "
                + Self.process)
        if summary.failure != nil { throw Exit.inputOutput }
    }

    /// Audits ask who started, reloaded and stopped a worker.
    private static var process: String { "as process \(getpid()) by \(Operator.name)" }

    /// What `detainer doctor` finds that loses messages or tells secrets keeps a worker from starting, unless a person
    /// wants it all the same.
    private static func refuseUnsafeStart(_ settings: Settings, _ policies: PolicySet) async throws {
        let problems = await Doctor.startProblems(
            settings, try settings.address(), jurisdictions: policies.jurisdictions)
        for problem in problems { Log.error(problem.text) }
        if problems.isEmpty { return }
        guard settings.startsUnsafely else {
            Log.error("the worker does not start: mend this, or set worker.unsafe-start to yes and take the risk")
            throw Exit.badConfiguration
        }
        Log.warning("started all the same, because worker.unsafe-start is yes")
    }

    /// SIGUSR1 and SIGUSR2 for quiet and resume, SIGHUP for the policies. A first SIGTERM or SIGINT drains, a second
    /// one leaves at once: what was in hand is delivered again.
    private static func signals(
        _ service: WorkerService, _ lifecycle: WorkerLifecycle, reload: @escaping @Sendable () -> Void
    ) -> Signals {
        let hasBeenAsked = StopFlag()
        let stop: @Sendable () -> Void = {
            if hasBeenAsked.isRaised {
                Log.warning("told to stop twice: leaving at once, what is in hand is delivered again")
                _exit(1)
            }
            hasBeenAsked.raise()
            Log.info("told to stop: finishing what is in hand \(process)")
            // The service group asks for it too, but hears nothing of a signal that comes before it listens.
            lifecycle.stop()
        }
        return Signals([
            SIGTERM: stop, SIGINT: stop, SIGHUP: reload,
            SIGUSR1: {
                Log.info("told to be quiet: taking nothing more, finishing what is in hand")
                service.beQuiet()
            },
            SIGUSR2: {
                Log.info("told to resume")
                service.resume()
            },
        ])
    }

    /// What a service manager shows of it.
    private static func sentence(_ status: WorkerStatus) -> String {
        status.reasons.isEmpty ? "taking messages" : "not ready: " + status.reasons.joined(separator: "; ")
    }

    /// Loads the policies again; where one of them does not hold, the old ones stay.
    private func reload(_ service: WorkerService, _ manager: ServiceManager, worker: String) {
        manager.reloading()
        do {
            let settings = try common.readSettings(flags)
            let policies = try settings.policies()
            let keys = try settings.pseudonymKeyFiles(policies.jurisdictions).mapValues {
                try KeyFile.read($0, of: .records)
            }
            let judge = Judge(
                policies: policies, keys: keys, worker: worker, publishers: try settings.publisherKeys())
            service.reload(PolicyLoad(judge, occasion: .reload))
        } catch {
            let sentence = Exit.sentence(error)
            service.refusedLoad(sentence)
            Log.error("the policies were not loaded again, the old ones stay: \(sentence)")
        }
    }

    /// The pseudonym key of each jurisdiction, made where no worker has recorded yet.
    private static func pseudonymKeys(_ policies: PolicySet, _ settings: Settings) throws -> [String: PseudonymKey] {
        let use: KeyFile.Use? = try settings.hasRecordings() ? .records : nil
        var keys: [String: PseudonymKey] = [:]
        for (jurisdiction, path) in try settings.pseudonymKeyFiles(policies.jurisdictions) {
            let (key, isNew) = try KeyFile.readOrMake(path, unless: use)
            if isNew { Log.info("made a new pseudonym key in \(path): keep it, and keep it secret") }
            keys[jurisdiction] = key
        }
        return keys
    }

    private func tell(_ recovery: RecoveryReport) {
        if recovery.recordCount > recovery.announcedThrough {
            Log.info("\(recovery.recordCount - recovery.announcedThrough) recorded outcomes are announced again")
        }
        if let head = recovery.contradicted {
            Log.error(
                "the first \(head.size) records are not those that were signed: they were damaged, cut short or rolled "
                    + "back; nothing more is signed here. Run `detainer ledger verify`, and compare with a copy")
        }
        if let file = recovery.setAsideFile {
            Log.warning("\(recovery.setAside) damaged lines were set aside in \(file)")
        }
    }

    /// Beside the workers' folders lie the stores, and in each a lock.
    private static let takenNames = LedgerStore.allCases.map(\.rawValue) + ["lock"]

    /// A name that makes a safe folder: letters, digits, `.`, `_`, `-`, at most 64.
    private static func checked(_ name: String) throws -> String {
        let isSafe =
            !name.isEmpty && name.utf8.count <= 64 && !name.hasPrefix(".") && !takenNames.contains(name)
            && name.utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
                    || [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-")].contains($0)
            }
        guard isSafe else {
            throw ValidationError(
                "a worker's name is 1 to 64 letters, digits, `.`, `_` or `-`, and none of "
                    + takenNames.map { "`\($0)`" }.joined(separator: ", "))
        }
        return name
    }
}
