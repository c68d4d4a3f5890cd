internal import MailModel

/// The file-name extensions that Amazon SES does not send ("Unsupported attachment types").
enum RefusedAttachments {
    private static let extensions: Set<[UInt8]> = Set(
        """
        ade adp app asp bas bat cer chm cmd com cpl crt csh der exe fxp gadget hlp hta inf ins isp its js jse ksh lib lnk mad maf mag mam \
        maq mar mas mat mau mav maw mda mdb mde mdt mdw mdz msc msh msh1 msh2 mshxml msh1xml msh2xml msi msp mst ops pcd pif plg prf prg \
        reg scf scr sct shb shs sys ps1 ps1xml ps2 ps2xml psc1 psc2 tmp url vb vbe vbs vps vsmacros vss vst vsw vxd ws wsc wsf wsh xnk
        """
        .utf8.split(separator: ASCII.space).map { Array($0) })

    static func contains(_ fileName: [UInt8]) -> Bool {
        guard let dot = fileName.lastIndex(of: ASCII.dot) else { return false }
        var suffix = fileName[(dot + 1)...]
        while let last = suffix.last, last <= ASCII.space { suffix.removeLast() }
        return extensions.contains(suffix.map(ASCII.lowercased))
    }
}
