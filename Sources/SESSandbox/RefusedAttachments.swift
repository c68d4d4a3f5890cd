internal import MailModel

/// The file-name extensions that SES does not send ("Unsupported attachment types").
enum RefusedAttachments {
    static let extensions: Set<String> = [
        "ade", "adp", "app", "asp", "bas", "bat", "cer", "chm", "cmd", "com", "cpl", "crt", "csh", "der", "exe", "fxp", "gadget",
        "hlp", "hta", "inf", "ins", "isp", "its", "js", "jse", "ksh", "lib", "lnk", "mad", "maf", "mag", "mam", "maq", "mar", "mas",
        "mat", "mau", "mav", "maw", "mda", "mdb", "mde", "mdt", "mdw", "mdz", "msc", "msh", "msh1", "msh2", "mshxml", "msh1xml",
        "msh2xml", "msi", "msp", "mst", "ops", "pcd", "pif", "plg", "prf", "prg", "reg", "scf", "scr", "sct", "shb", "shs", "sys",
        "ps1", "ps1xml", "ps2", "ps2xml", "psc1", "psc2", "tmp", "url", "vb", "vbe", "vbs", "vps", "vsmacros", "vss", "vst", "vsw",
        "vxd", "ws", "wsc", "wsf", "wsh", "xnk",
    ]

    /// SES's own words for this are not known; these are ours.
    static func reply(to fileName: [UInt8]) -> Reply? {
        guard let dot = fileName.lastIndex(of: ASCII.dot) else { return nil }
        let suffix = fileName[(dot + 1)...].trimmingBlanks.map(ASCII.lowercased)
        guard extensions.contains(String(decoding: suffix, as: UTF8.self)) else { return nil }
        return .transactionFailed("Unsupported attachment type: '\(PrintableText.sanitized(fileName, limit: 100))'.")
    }
}
