import ArgumentParser
import DetainerCommands

@main
enum Detainer {
    static func main() async {
        Allocator.limit()
        await DetainerCommand.main()
    }
}
