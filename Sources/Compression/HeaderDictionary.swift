/// What headers are full of, told to zlib beforehand: the rest is half as long, and sooner done. It can never change, for what was compressed
/// with it needs it again; what is most common stands last.
enum HeaderDictionary {
    private static let text: StaticString = """
        Content-Disposition: attachment; filename=\"\r
        Content-Transfer-Encoding: base64\r
        Content-Transfer-Encoding: quoted-printable\r
        Content-Transfer-Encoding: 8bit\r
        Content-Type: multipart/mixed; \r
        Content-Type: text/html; charset=utf-8\r
        Content-Type: multipart/alternative;\r
         boundary=\"--------------_=_NextPart_\r
        Content-Type: text/plain; charset=\"UTF-8\"; format=flowed\r
        Content-Transfer-Encoding: 7bit\r
        Content-Language: en-US\r
        Precedence: bulk\r
        X-Priority: 3 (Normal)\r
        Importance: Auto-Submitted: auto-generated\r
        X-Auto-Response-Suppress: All\r
        List-Id: List-Unsubscribe-Post: List-Unsubscribe=One-Click\r
        List-Unsubscribe: <https://www.unsubscribe>, <mailto:Sender: Return-Path: X-PHP-Originating-Script: X-Originating-IP: X-Mailer: \
        PHPMailer https://github.com/User-Agent: Mozilla Thunderbird\r
        In-Reply-To: <References: <Cc: Reply-To: Received: from localhost (localhost [127.0.0.1]) by (Postfix) with ESMTPSA id for <.com>; \
        Mon, Tue, Wed, Thu, Fri, Sat, Sun, Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec 2026 00:00:00 +0200 (CEST)\r
        Date: +0000\r
        MIME-Version: 1.0\r
        Message-ID: <Subject: =?utf-8?B?=?UTF-8?Q?From: \"To: \"
        """

    /// Calls `body` with the address and the count.
    static func withOctets<Result>(_ body: (UnsafePointer<UInt8>, UInt32) -> Result) -> Result {
        body(text.utf8Start, UInt32(text.utf8CodeUnitCount))
    }
}
