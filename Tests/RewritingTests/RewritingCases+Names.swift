extension RewritingCase {
    /// What the author is called: H07, H08.
    static let names: [RewritingCase] = [
        RewritingCase(
            "a plain name", ["From: Anna Berg <anna@corp.example>"],
            .becomes([
                "From: \"Anna Berg via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: Anna Berg <anna@corp.example>",
                "Reply-To: Anna Berg <anna@corp.example>",
            ])),
        RewritingCase(
            "no name: the local part", ["From: anna.berg@corp.example"],
            .becomes([
                "From: \"anna.berg via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: anna.berg@corp.example",
                "Reply-To: anna.berg@corp.example",
            ])),
        RewritingCase(
            "a comment is the name", ["From: anna@corp.example (Anna Berg)"],
            .becomes([
                "From: \"Anna Berg via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: Anna Berg <anna@corp.example>",
                "Reply-To: Anna Berg <anna@corp.example>",
            ])),
        RewritingCase(
            "the last comment is the name", ["From: anna@corp.example (home) (Anna (A.) Berg)"],
            .becomes([
                "From: \"Anna (A.) Berg via mail.example.com\" <no-reply@mail.example.com>",
                "X-Original-From: \"Anna (A.) Berg\" <anna@corp.example>", "Reply-To: \"Anna (A.) Berg\" <anna@corp.example>",
            ])),
        RewritingCase(
            "a quoted name with specials", ["From: \"Berg, Anna (Sales) <x>\" <anna@corp.example>"],
            .becomes([
                "From: \"Berg, Anna (Sales) <x> via mail.example.com\"", " <no-reply@mail.example.com>",
                "X-Original-From: \"Berg, Anna (Sales) <x>\" <anna@corp.example>",
                "Reply-To: \"Berg, Anna (Sales) <x>\" <anna@corp.example>",
            ])),
        RewritingCase(
            "quotes and backslashes", ["From: \"Anna \\\"A\\\\B\\\" Berg\" <anna@corp.example>"],
            .becomes([
                "From: \"Anna \\\"A\\\\B\\\" Berg via mail.example.com\" <no-reply@mail.example.com>",
                "X-Original-From: \"Anna \\\"A\\\\B\\\" Berg\" <anna@corp.example>",
                "Reply-To: \"Anna \\\"A\\\\B\\\" Berg\" <anna@corp.example>",
            ])),
        RewritingCase(
            "dots without quotes", ["From: Dr. A. Berg <anna@corp.example>"],
            .becomes([
                "From: \"Dr. A. Berg via mail.example.com\" <no-reply@mail.example.com>",
                "X-Original-From: \"Dr. A. Berg\" <anna@corp.example>", "Reply-To: \"Dr. A. Berg\" <anna@corp.example>",
            ])),
        RewritingCase(
            "an empty quoted name", ["From: \"\" <anna@corp.example>"],
            .becomes([
                "From: \"anna via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: anna@corp.example",
                "Reply-To: anna@corp.example",
            ])),
        RewritingCase(
            "a name of blanks", ["From: \"   \" <anna@corp.example>"],
            .becomes([
                "From: \"anna via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: anna@corp.example",
                "Reply-To: anna@corp.example",
            ])),
        RewritingCase(
            "H07 latin", ["From: =?iso-8859-1?Q?J=F6rg_M=FCller?= <j@corp.example>"],
            .becomes([
                "From: =?utf-8?Q?J=C3=B6rg_M=C3=BCller_via_mail=2Eexample=2Ec?=", " =?utf-8?Q?om?= <no-reply@mail.example.com>",
                "X-Original-From: =?utf-8?Q?J=C3=B6rg_M=C3=BCller?= <j@corp.example>",
                "Reply-To: =?utf-8?Q?J=C3=B6rg_M=C3=BCller?= <j@corp.example>",
            ])),
        RewritingCase(
            "H07 windows-1252", ["From: =?windows-1252?Q?=93J=94_=80?= <j@corp.example>"],
            .becomes([
                "From: =?utf-8?Q?=E2=80=9CJ=E2=80=9D_=E2=82=AC_via_mail=2Eexa?=", " =?utf-8?Q?mple=2Ecom?= <no-reply@mail.example.com>",
                "X-Original-From: =?utf-8?B?4oCcSuKAnSDigqw=?= <j@corp.example>", "Reply-To: =?utf-8?B?4oCcSuKAnSDigqw=?= <j@corp.example>",
            ])),
        RewritingCase(
            "H07 UTF-8 in two words", ["From: =?utf-8?B?SsO2cmc=?= =?utf-8?B?IE3DvGxsZXI=?= <j@corp.example>"],
            .becomes([
                "From: =?utf-8?Q?J=C3=B6rg_M=C3=BCller_via_mail=2Eexample=2Ec?=", " =?utf-8?Q?om?= <no-reply@mail.example.com>",
                "X-Original-From: =?utf-8?Q?J=C3=B6rg_M=C3=BCller?= <j@corp.example>",
                "Reply-To: =?utf-8?Q?J=C3=B6rg_M=C3=BCller?= <j@corp.example>",
            ])),
        RewritingCase(
            "H07 emoji", ["From: =?utf-8?B?8J+YgPCfmIDwn5iA?= <j@corp.example>"],
            .becomes([
                "From: =?utf-8?Q?=F0=9F=98=80=F0=9F=98=80=F0=9F=98=80_via_mai?=",
                " =?utf-8?Q?l=2Eexample=2Ecom?= <no-reply@mail.example.com>",
                "X-Original-From: =?utf-8?B?8J+YgPCfmIDwn5iA?= <j@corp.example>", "Reply-To: =?utf-8?B?8J+YgPCfmIDwn5iA?= <j@corp.example>",
            ])),
        RewritingCase(
            "H07 right to left", ["From: =?utf-8?B?16nXnNeV150=?= <j@corp.example>"],
            .becomes([
                "From: =?utf-8?Q?=D7=A9=D7=9C=D7=95=D7=9D_via_mail=2Eexample?=", " =?utf-8?Q?=2Ecom?= <no-reply@mail.example.com>",
                "X-Original-From: =?utf-8?B?16nXnNeV150=?= <j@corp.example>", "Reply-To: =?utf-8?B?16nXnNeV150=?= <j@corp.example>",
            ])),
        RewritingCase(
            "H07 a mark that reorders text", ["From: =?utf-8?B?4oCubW9jLmxpdmU=?= <j@corp.example>"],
            .becomes([
                "From: \"moc.live via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: \"moc.live\" <j@corp.example>",
                "Reply-To: \"moc.live\" <j@corp.example>",
            ])),
        RewritingCase(
            "H07 a charset that we lack", ["From: =?koi8-r?B?8OXU0g==?= <p@corp.example>"],
            .becomes([
                "From: =?koi8-r?B?8OXU0g==?= =?utf-8?Q?_via_mail=2Eexample=2Ecom?=", " <no-reply@mail.example.com>",
                "X-Original-From: =?koi8-r?B?8OXU0g==?= <p@corp.example>", "Reply-To: =?koi8-r?B?8OXU0g==?= <p@corp.example>",
            ])),
        RewritingCase(
            "H07 a charset that we lack, with a dot", ["From: =?koi8-r?Q?=F0.?= <p@corp.example>"],
            .becomes([
                "From: =?koi8-r?Q?=F0=2E?= =?utf-8?Q?_via_mail=2Eexample=2Ecom?=", " <no-reply@mail.example.com>",
                "X-Original-From: =?koi8-r?Q?=F0=2E?= <p@corp.example>", "Reply-To: =?koi8-r?Q?=F0=2E?= <p@corp.example>",
            ])),
        RewritingCase(
            "H07 mixed with plain words", ["From: Dr. =?utf-8?q?J=C3=B6rg?= (x) \"M, N\" <j@corp.example>"],
            .becomes([
                "From: =?utf-8?Q?Dr=2E_J=C3=B6rg_M=2C_N_via_mail=2Eexample=2E?=", " =?utf-8?Q?com?= <no-reply@mail.example.com>",
                "X-Original-From: =?utf-8?Q?Dr=2E_J=C3=B6rg_M=2C_N?= <j@corp.example>",
                "Reply-To: =?utf-8?Q?Dr=2E_J=C3=B6rg_M=2C_N?= <j@corp.example>",
            ])),
        RewritingCase(
            "H07 broken UTF-8", ["From: =?utf-8?q?J=F6rg?= <j@corp.example>"],
            .becomes([
                "From: =?utf-8?Q?J=EF=BF=BDrg_via_mail=2Eexample=2Ecom?=", " <no-reply@mail.example.com>",
                "X-Original-From: =?utf-8?Q?J=EF=BF=BDrg?= <j@corp.example>", "Reply-To: =?utf-8?Q?J=EF=BF=BDrg?= <j@corp.example>",
            ])),
        RewritingCase(
            "H07 an encoded-word that is none", ["From: =?utf-8?x?J?= <j@corp.example>"],
            .becomes([
                "From: =?utf-8?Q?=3D=3Futf-8=3Fx=3FJ=3F=3D_via_mail=2Eexample?=", " =?utf-8?Q?=2Ecom?= <no-reply@mail.example.com>",
                "X-Original-From: =?utf-8?Q?=3D=3Futf-8=3Fx=3FJ=3F=3D?= <j@corp.example>",
                "Reply-To: =?utf-8?Q?=3D=3Futf-8=3Fx=3FJ=3F=3D?= <j@corp.example>",
            ])),
        RewritingCase(
            "H07 half an encoded-word in quotes", ["From: \"=?utf-8?q?J\" <j@corp.example>"],
            .becomes([
                "From: =?utf-8?Q?=3D=3Futf-8=3Fq=3FJ_via_mail=2Eexample=2Ecom?=", " <no-reply@mail.example.com>",
                "X-Original-From: =?utf-8?Q?=3D=3Futf-8=3Fq=3FJ?= <j@corp.example>",
                "Reply-To: =?utf-8?Q?=3D=3Futf-8=3Fq=3FJ?= <j@corp.example>",
            ])),
        RewritingCase(
            "H07 a long name",
            [
                "From: \"Anna Berg von und zu Anna Berg von und zu Anna Berg von und zu Anna Berg von und zu Anna Berg von und zu Anna Berg von und zu \" <anna@corp.example>"
            ],
            .becomes([
                "From: \"Anna Berg von und zu Anna Berg von und zu Anna Berg von und zu Anna",
                " Berg von und zu Anna Berg von und zu Anna Berg von und zu via", " mail.example.com\" <no-reply@mail.example.com>",
                "X-Original-From: Anna Berg von und zu Anna Berg von und zu Anna Berg von und",
                " zu Anna Berg von und zu Anna Berg von und zu Anna Berg von und zu", " <anna@corp.example>",
                "Reply-To: Anna Berg von und zu Anna Berg von und zu Anna Berg von und zu",
                " Anna Berg von und zu Anna Berg von und zu Anna Berg von und zu", " <anna@corp.example>",
            ])),
        RewritingCase(
            "H07 500 letters",
            [
                "From: \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\" <anna@corp.example>"
            ],
            .becomes([
                "From: =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=",
                " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=", " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=",
                " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=", " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=",
                " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=", " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=",
                " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=", " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=",
                " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=", " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=",
                " =?utf-8?Q?xxxxxxxxxxxxxxxx_via_mail=2Eexample=2Ecom?=", " <no-reply@mail.example.com>",
                "X-Original-From: =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=",
                " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=", " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=",
                " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=", " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=",
                " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=", " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=",
                " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=", " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=",
                " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=", " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=",
                " =?utf-8?Q?xxxxxxxxxxxxxxxx?= <anna@corp.example>", "Reply-To: =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=",
                " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=", " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=",
                " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=", " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=",
                " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=", " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=",
                " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=", " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=",
                " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=", " =?utf-8?Q?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?=",
                " =?utf-8?Q?xxxxxxxxxxxxxxxx?= <anna@corp.example>",
            ])),
        RewritingCase(
            "H08 encoded line ends", ["From: =?utf-8?q?Anna=0D=0ABcc=3A_x=40y.example?= <anna@corp.example>"],
            .becomes([
                "From: \"anna via mail.example.com\" <no-reply@mail.example.com>",
                "X-Original-From: \"Anna Bcc: x@y.example\" <anna@corp.example>", "Reply-To: \"Anna Bcc: x@y.example\" <anna@corp.example>",
            ])),
        RewritingCase(
            "H08 encoded line ends without an address", ["From: =?utf-8?q?Anna=0D=0AX-Evil=3A_1?= <anna@corp.example>"],
            .becomes([
                "From: \"Anna X-Evil: 1 via mail.example.com\" <no-reply@mail.example.com>",
                "X-Original-From: \"Anna X-Evil: 1\" <anna@corp.example>", "Reply-To: \"Anna X-Evil: 1\" <anna@corp.example>",
            ])),
        RewritingCase(
            "H08 an encoded NUL", ["From: =?utf-8?q?An=00na?= <anna@corp.example>"],
            .becomes([
                "From: \"An na via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: An na <anna@corp.example>",
                "Reply-To: An na <anna@corp.example>",
            ])),
        RewritingCase(
            "H08 a vertical tab", ["From: =?utf-8?q?An=0Bna?= <anna@corp.example>"],
            .becomes([
                "From: \"An na via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: An na <anna@corp.example>",
                "Reply-To: An na <anna@corp.example>",
            ])),
        RewritingCase(
            "H08 a vertical tab in quotes", ["From: \"An\u{B}na\" <anna@corp.example>"],
            .becomes([
                "From: \"An na via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: An na <anna@corp.example>",
                "Reply-To: An na <anna@corp.example>",
            ])),
        RewritingCase(
            "H08 U+0085", ["From: =?utf-8?q?An=C2=85na?= <anna@corp.example>"],
            .becomes([
                "From: \"An na via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: An na <anna@corp.example>",
                "Reply-To: An na <anna@corp.example>",
            ])),
        RewritingCase(
            "H08 U+2028", ["From: =?utf-8?q?An=E2=80=A8Bcc=3A?= <anna@corp.example>"],
            .becomes([
                "From: \"An Bcc: via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: \"An Bcc:\" <anna@corp.example>",
                "Reply-To: \"An Bcc:\" <anna@corp.example>",
            ])),
        RewritingCase(
            "H08 an escape sequence", ["From: =?utf-8?q?An=1B=5B31mna?= <anna@corp.example>"],
            .becomes([
                "From: \"An [31mna via mail.example.com\" <no-reply@mail.example.com>",
                "X-Original-From: \"An [31mna\" <anna@corp.example>", "Reply-To: \"An [31mna\" <anna@corp.example>",
            ])),
        RewritingCase(
            "H08 folds in a name", ["From: Anna", "  Berg", "\t<anna@corp.example>"],
            .becomes([
                "From: \"Anna Berg via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: Anna Berg <anna@corp.example>",
                "Reply-To: Anna Berg <anna@corp.example>",
            ])),
        RewritingCase(
            "H08 a local part with blanks", ["From: \"anna berg\"@corp.example"],
            .becomes([
                "From: \"anna berg via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: \"anna berg\"@corp.example",
                "Reply-To: \"anna berg\"@corp.example",
            ])),
        RewritingCase(
            "H08 a local part with quotes", ["From: \"a\\\"b\"@corp.example"],
            .becomes([
                "From: \"a\\\"b via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: \"a\\\"b\"@corp.example",
                "Reply-To: \"a\\\"b\"@corp.example",
            ])),
        RewritingCase(
            "H05 a full-width at sign in the name", ["From: =?utf-8?B?Ye+8oGI=?= <anna@corp.example>"],
            .becomes([
                "From: \"anna via mail.example.com\" <no-reply@mail.example.com>",
                "X-Original-From: =?utf-8?B?Ye+8oGI=?= <anna@corp.example>", "Reply-To: =?utf-8?B?Ye+8oGI=?= <anna@corp.example>",
            ])),
        RewritingCase(
            "H05 an at sign in a charset that we lack", ["From: =?koi8-r?q?a=40b?= <anna@corp.example>"],
            .becomes([
                "From: \"anna via mail.example.com\" <no-reply@mail.example.com>",
                "X-Original-From: =?koi8-r?q?a=40b?= <anna@corp.example>", "Reply-To: =?koi8-r?q?a=40b?= <anna@corp.example>",
            ])),
        RewritingCase(
            "cron: a host without a domain", ["From: root@host (Cron Daemon)"],
            .becomes(["From: \"Cron Daemon via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: Cron Daemon <root@host>"])
        ),
        RewritingCase(
            "a local part that SES refuses", ["From: \"a:b\"@corp.example"],
            .becomes(["From: \"a:b via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: \"a:b\"@corp.example"])),
        RewritingCase(
            "a local part of ours that SES refuses", ["From: \"a@b\"@mail.example.com"],
            .becomes(["From: \"a via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: \"a@b\"@mail.example.com"])),
        RewritingCase(
            "a name that is a brace", ["From: \"{domain}\" <anna@corp.example>"],
            .becomes([
                "From: \"{domain} via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: {domain} <anna@corp.example>",
                "Reply-To: {domain} <anna@corp.example>",
            ])),
        RewritingCase(
            "a template: domain first", ["From: Anna <anna@corp.example>"], setting: .domainFirst,
            .becomes([
                "From: \"mail.example.com: Anna\" <no-reply@mail.example.com>", "X-Original-From: Anna <anna@corp.example>",
                "Reply-To: Anna <anna@corp.example>",
            ])),
        RewritingCase(
            "a template: only words", ["From: Anna <anna@corp.example>"], setting: .wordsOnly,
            .becomes([
                "From: \"The \\\"Desk\\\", at work\" <no-reply@mail.example.com>", "X-Original-From: Anna <anna@corp.example>",
                "Reply-To: Anna <anna@corp.example>",
            ])),
        RewritingCase(
            "a template that is not ASCII", ["From: Anna <anna@corp.example>"], setting: .umlauts,
            .becomes([
                "From: =?utf-8?Q?Anna_=C3=BCber_mail=2Eexample=2Ecom?=", " <no-reply@mail.example.com>",
                "X-Original-From: Anna <anna@corp.example>", "Reply-To: Anna <anna@corp.example>",
            ])),
        RewritingCase(
            "H07 specials in an encoded-word", ["From: =?UTF-8?Q?M=C3=BCller,_Anna_(Sales)?= <anna@corp.example>"],
            .becomes([
                "From: =?utf-8?Q?M=C3=BCller=2C_Anna_=28Sales=29_via_mail=2Ee?=", " =?utf-8?Q?xample=2Ecom?= <no-reply@mail.example.com>",
                "X-Original-From: =?utf-8?Q?M=C3=BCller=2C_Anna_=28Sales=29?=", " <anna@corp.example>",
                "Reply-To: =?utf-8?Q?M=C3=BCller=2C_Anna_=28Sales=29?= <anna@corp.example>",
            ])),
        RewritingCase(
            "H05 an address of ours in an encoded-word with specials", ["From: =?utf-8?q?<a@mail.example.com>,?= <x@evil.example>"],
            .becomes([
                "From: \"x via mail.example.com\" <no-reply@mail.example.com>",
                "X-Original-From: \"<a@mail.example.com>,\" <x@evil.example>",
                "Reply-To: \"<a@mail.example.com>,\" <x@evil.example>",
            ])),
        RewritingCase(
            "H05 specials in an encoded-word of our own author", ["From: =?utf-8?q?x@evil.example,?= <a@mail.example.com>"],
            .becomes(["From: \"x@evil.example,\" <a@mail.example.com>"])),
        RewritingCase(
            "H05 an encoded-word with specials as local part", ["From: =?utf-8?q?a,b?= @mail.example.com"],
            .refused("554 5.6.0 From field: unexpected ',' at octet 13; put a display name with special characters in double quotes")),
    ]
}
