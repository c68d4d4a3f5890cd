import Glibc
import SafeIO
import Testing

/// A folder of its own, with its real path.
final class Place {
    let path: String

    init() throws {
        var template = Array("/tmp/fairlead-watch-XXXXXX".utf8CString)
        let made = try #require(mkdtemp(&template))
        path = String(cString: made)
    }

    deinit { Self.remove(path) }

    private static func remove(_ path: String) {
        for name in (try? Directory(path: path).names()) ?? [] where unlink("\(path)/\(name)") != 0 { remove("\(path)/\(name)") }
        rmdir(path)
    }

    func write(_ name: String, _ text: String = "x") throws {
        try WholeFile.replace("\(path)/\(name)", with: Array(text.utf8), mode: 0o600)
    }
    func folder(_ name: String) { mkdir("\(path)/\(name)", 0o700) }
    func link(_ name: String, to target: String) {
        unlink("\(path)/\(name)")
        symlink(target, "\(path)/\(name)")
    }
}

@Suite struct PathTrailTests {
    @Test(
        arguments: [
            ("plain", ["plain"]),
            ("missing/too", ["missing"]),
            ("folder/file", ["folder/file"]),
            ("folder/../plain", ["plain"]),
            ("link", ["link", "plain"]),
            ("folder/up", ["folder/up", "plain"]),
            ("absolute", ["absolute", "plain"]),
            ("chain", ["chain", "link", "plain"]),
            ("data/file", ["data", "folder/file"]),
            ("data/up", ["data", "folder/up", "plain"]),
            ("dangling", ["dangling", "nowhere"]),
        ])
    func leadsOverEveryLink(path: String, wanted: [String]) throws {
        let place = try Place()
        try place.write("plain")
        place.folder("folder")
        try place.write("folder/file")
        place.link("link", to: "plain")
        place.link("folder/up", to: "../plain")
        place.link("absolute", to: "\(place.path)/plain")
        place.link("chain", to: "./link")
        place.link("data", to: "folder")
        place.link("dangling", to: "nowhere")
        let found = PathTrail.entries(of: "\(place.path)/\(path)").map { "\($0.directory)/\($0.name)" }
        #expect(found == wanted.map { "\(place.path)/\($0)" })
    }

    @Test func aLoopEnds() throws {
        let place = try Place()
        place.link("a", to: "b")
        place.link("b", to: "a")
        #expect(PathTrail.entries(of: "\(place.path)/a").count <= 41)
        #expect(PathTrail.entries(of: "/").isEmpty)
    }
}

@Suite struct FileStampTests {
    @Test func tellsEveryChange() throws {
        let place = try Place()
        let file = "\(place.path)/file"
        #expect(FileStamp.of(file) == nil)
        try place.write("file", "one")
        let first = FileStamp.of(file)
        #expect(first != nil && FileStamp.of(file) == first)
        #expect(try WholeFile.readWithStatus(file).status.stamp == first)
        place.link("link", to: "file")
        #expect(FileStamp.of("\(place.path)/link") == first, "a link has the stamp of what it leads to")
        try place.write("file", "two")
        #expect(FileStamp.of(file) != first, "another file in its place")
        let second = FileStamp.of(file)
        chmod(file, 0o644)
        #expect(FileStamp.of(file) != second, "another mode")
    }
}

@Suite struct DirectoryWatchTests {
    private func events(_ watch: DirectoryWatch) throws -> [DirectoryWatch.Event] {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            let found = watch.read()
            if !found.isEmpty { return found }
            try #require(.now < deadline, "no event came")
        }
    }

    @Test func tellsWhatIsDone() throws {
        let place = try Place()
        let watch = try DirectoryWatch()
        watch.watch([place.path])
        #expect(watch.read().isEmpty)

        let descriptor = open("\(place.path)/written", O_CREAT | O_WRONLY, 0o600)
        _ = "half".withCString { write(descriptor, $0, 4) }
        #expect(watch.read().isEmpty, "what is being written is nobody's business")
        close(descriptor)
        #expect(try events(watch) == [.changed(directory: place.path, name: "written")])

        rename("\(place.path)/written", "\(place.path)/renamed")
        #expect(try events(watch) == [.changed(directory: place.path, name: "renamed")])
        chmod("\(place.path)/renamed", 0o644)
        #expect(try events(watch) == [.changed(directory: place.path, name: "renamed")])
        place.link("link", to: "renamed")
        #expect(try events(watch) == [.changed(directory: place.path, name: "link")])
    }

    @Test func watchesWhatIsAskedForAndNothingElse() throws {
        let place = try Place()
        for name in ["a", "b"] { place.folder(name) }
        let (a, b) = ("\(place.path)/a", "\(place.path)/b")
        let watch = try DirectoryWatch()
        watch.watch([a, "\(place.path)/missing"])
        watch.watch([b])
        try place.write("a/file")
        #expect(watch.read().isEmpty)
        try place.write("b/file")
        #expect(try events(watch).contains(.changed(directory: b, name: "file")))

        // Removed, and there again: nothing is told before it is asked for again.
        unlink("\(b)/file")
        rmdir(b)
        #expect(try events(watch).contains(.gone(directory: b)))
        place.folder("b")
        watch.watch([b])
        try place.write("b/file")
        #expect(try events(watch).contains(.changed(directory: b, name: "file")))

        // Another directory under the same name.
        rename(b, "\(place.path)/old")
        place.folder("b")
        watch.watch([b])
        _ = watch.read()
        try place.write("old/file")
        #expect(watch.read().isEmpty)
        try place.write("b/file")
        #expect(try events(watch).contains(.changed(directory: b, name: "file")))
    }
}
