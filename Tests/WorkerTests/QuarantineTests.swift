import Testing

@testable import Worker

struct QuarantineTests {
    private static func candidate(_ name: String, deliveries: Int = 0) -> Quarantine<String>.Candidate {
        .init(item: name, message: { "id-" + name }, deliveries: deliveries)
    }

    @Test func inAnOrdinaryRunMessagesPassAsTheyCome() {
        var quarantine = Quarantine<String>()
        #expect(quarantine.say(arrived: ["a", "b"]) == ["pass a", "pass b"])
        #expect(quarantine.say(arrived: ["c"], idle: false) == ["pass c"])
        #expect(quarantine.isEmpty)
        // Most are not even asked for.
        #expect(quarantine.passes(deliveries: 0) && quarantine.passes(deliveries: 1))
        #expect(!quarantine.passes(deliveries: 2))
    }

    @Test func toldToStopItGivesUpWhatWaitsAndWhatComesBehindIt() {
        var quarantine = Quarantine<String>()
        #expect(quarantine.say([Self.candidate("a", deliveries: 2), Self.candidate("b")]) == ["mark id-a in turn 1"])
        quarantine.stop()
        // Settled, it would settle those before it as well.
        #expect(quarantine.say(arrived: ["c"]) == [] && quarantine.isEmpty)
        #expect(quarantine.say(marked: "id-a", turn: 1) == ["clear id-a"])
        // With the next channel.
        quarantine.forget()
        #expect(quarantine.say(arrived: ["a"]) == ["pass a"])
    }

    @Test func toldToStopWithNothingInHandItTakesWhatIsOnItsWay() {
        var quarantine = Quarantine<String>()
        quarantine.stop()
        #expect(quarantine.say(arrived: ["a"]) == ["pass a"])
    }

    @Test func afterAnUncleanEndEachIsMarkedBeforeItIsDecidedUntilAFreshOneComes() {
        var quarantine = Quarantine<String>(isCautious: true)
        #expect(quarantine.say([Self.candidate("a", deliveries: 1)]) == ["mark id-a in turn 1"])
        #expect(quarantine.say(marked: "id-a", turn: 1) == ["examine a"])
        #expect(quarantine.say(cleared: 1) == ["release"])
        #expect(quarantine.say([Self.candidate("fresh")]) == ["mark id-fresh in turn 2"])
        #expect(quarantine.say(marked: "id-fresh", turn: 2) == ["examine fresh"])
        #expect(quarantine.say(cleared: 2) == ["release", "widen"])
        #expect(quarantine.say(arrived: ["b", "c"]) == ["pass b", "pass c"])
    }

    @Test func aMessageDeliveredTwiceBeforeIsDecidedAloneAndInItsPlace() {
        var quarantine = Quarantine<String>()
        let batch = [Self.candidate("a"), Self.candidate("b", deliveries: 2), Self.candidate("c")]
        #expect(quarantine.say(batch) == ["pass a"])
        // What was passed is under way.
        #expect(quarantine.say(idle: false) == [])
        #expect(quarantine.say(idle: true) == ["mark id-b in turn 1"])
        #expect(quarantine.say(idle: true) == [])
        #expect(quarantine.say(marked: "id-b", turn: 1) == ["examine b"])
        #expect(quarantine.say(cleared: 1) == ["release"])
        #expect(quarantine.say(idle: false) == ["pass c"])
    }

    @Test func afterThreeMarksItIsCondemnedUnseenAndItsMarksGoWhenItsLetterIsSettled() {
        var quarantine = Quarantine<String>(isCautious: true, attempts: ["id-a": 3])
        #expect(quarantine.say([Self.candidate("a", deliveries: 4)]) == ["condemn a after 3"])
        #expect(quarantine.say(idle: false) == [])
        #expect(quarantine.say(idle: true) == ["clear id-a"])
        #expect(quarantine.say([Self.candidate("a", deliveries: 1)]) == ["mark id-a in turn 1"])
    }

    @Test func twoMarksAreNotEnough() {
        var quarantine = Quarantine<String>(isCautious: true, attempts: ["id-a": 2])
        #expect(quarantine.say([Self.candidate("a", deliveries: 3)]) == ["mark id-a in turn 1"])
        #expect(quarantine.say(marked: "id-a", turn: 1) == ["examine a"])
    }

    @Test func aLetterThatWasNotSettledIsCondemnedAgain() {
        var quarantine = Quarantine<String>(isCautious: true, attempts: ["id-a": 3])
        #expect(quarantine.say([Self.candidate("a", deliveries: 4)]) == ["condemn a after 3"])
        quarantine.forget()
        #expect(quarantine.say(idle: true) == [])
        #expect(quarantine.say([Self.candidate("a", deliveries: 5)]) == ["condemn a after 3"])
    }

    @Test func whatWasGivenBackMeanwhileIsNotDecidedAndItsMarkIsTakenBack() {
        var quarantine = Quarantine<String>(isCautious: true)
        #expect(quarantine.say([Self.candidate("a", deliveries: 1)]) == ["mark id-a in turn 1"])
        quarantine.forget()
        #expect(quarantine.isEmpty)
        #expect(quarantine.say(marked: "id-a", turn: 1) == ["clear id-a"])
        #expect(quarantine.say([Self.candidate("a", deliveries: 2)]) == ["mark id-a in turn 3"])
    }
}

extension Quarantine<String> {
    mutating func say(arrived names: [String], idle: Bool = true) -> [String] {
        say(names.map { name in Candidate(item: name, message: { "id-" + name }, deliveries: 0) }, idle: idle)
    }

    /// What it answers, and that it says beforehand whether it will pass them all and do nothing else.
    mutating func say(_ candidates: [Candidate], idle: Bool = true) -> [String] {
        let passesAll = candidates.allSatisfy { passes(deliveries: $0.deliveries) }
        let words = Self.words(arrived(candidates, restIsIdle: idle))
        if passesAll { #expect(words == candidates.map { "pass " + $0.item }) }
        return words
    }

    mutating func say(idle: Bool) -> [String] { Self.words(advance(restIsIdle: idle)) }

    mutating func say(marked message: String, turn: Int) -> [String] {
        Self.words(marked(message: message, turn: turn))
    }

    mutating func say(cleared turn: Int) -> [String] {
        Self.words(cleared(turn: turn))
    }

    private static func words(_ actions: [Action]) -> [String] {
        actions.map { action in
            switch action {
            case .pass(let item): "pass \(item)"
            case .mark(let message, let turn): "mark \(message) in turn \(turn)"
            case .examine(let item, _, _): "examine \(item)"
            case .release: "release"
            case .condemn(let item, let attempts): "condemn \(item) after \(attempts)"
            case .clear(let message): "clear \(message)"
            case .widen: "widen"
            }
        }
    }
}
