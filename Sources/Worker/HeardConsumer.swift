import AMQPClient

/// Which consumer a worker hears: the one that was opened last, until it is given up.
///
/// What the connection of one that was given up still hands over goes back to its queue with it. Told, counted or
/// marked then, it would be so twice.
struct HeardConsumer {
    private(set) var generation = -1
    /// Its connection is being closed.
    private var isGivenUp = false

    mutating func open(_ generation: Int) { (self.generation, isGivenUp) = (generation, false) }

    mutating func giveUp() { isGivenUp = true }

    /// Of one that was given up it is heard only that its connection is closed.
    func hears(_ event: AMQPEvent, of generation: Int) -> Bool {
        if generation != self.generation { return false }
        if case .closed = event { return true }
        return !isGivenUp
    }
}
