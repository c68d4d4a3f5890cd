/// The frame of every page: head, search, what comes from `main`, and the foot. Works without scripts.
struct Page {
    var title: String
    var hostname: String
    var version: String
    /// What is in the search field.
    var word = ""
    /// The page brings itself up to date.
    var isLive = false
    var main: String

    var html: String {
        let refresh = isLive ? "<noscript><meta http-equiv=\"refresh\" content=\"30\"></noscript>\n" : ""
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <title>\(HTMLText.escaped(title))</title>
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <link rel="icon" href="/icon.svg" type="image/svg+xml">
            <link rel="stylesheet" href="/dashboard.css">
            <script src="/dashboard.js" defer></script>
            \(refresh)</head>
            <body>
            <a class="skip" href="#main">To the content</a>
            <header class="top">
            <a class="brand" href="/"><img src="/icon.svg" alt="" width="28" height="28"> Fairlead</a>
            <span class="host">\(HTMLText.escaped(hostname))</span>
            <form action="/trace" method="get" role="search">
            <label class="hidden" for="word">Trace a message</label>
            <input id="word" name="q" type="search" required maxlength="998" value="\(HTMLText.escaped(word))" \
            placeholder="Recipient, queue id, Message-ID or SES id" autocomplete="off" spellcheck="false">
            <button>Trace</button>
            </form>
            </header>
            <main id="main"\(isLive ? " data-live" : "")>
            \(main)
            </main>
            <footer class="foot">
            <p id="lost" hidden>The relay does not answer; what you see is old.</p>
            <p>fairlead \(HTMLText.escaped(version)). Times are UTC. For programs: <a href="/status.json">status.json</a>, \
            <a href="/metrics">metrics</a>.</p>
            </footer>
            </body>
            </html>

            """
    }
}
