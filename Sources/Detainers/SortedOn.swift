extension Sequence {
    /// Sorted by a key of each element, which is made once: large elements move once, and not at each comparison.
    @inlinable public func sorted<Key>(on key: (Element) -> Key, by isEarlier: (Key, Key) -> Bool) -> [Element] {
        let elements = Array(self)
        if elements.count < 2 { return elements }
        let order = elements.indices.map { (key: key(elements[$0]), position: $0) }
            .sorted { isEarlier($0.key, $1.key) }
        return order.map { elements[$0.position] }
    }
}
