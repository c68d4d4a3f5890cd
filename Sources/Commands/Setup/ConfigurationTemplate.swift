// swift-format-ignore-file
/// What `fairlead setup` fills in: config/fairlead.yaml word for word, put here by .ci/embed-templates.
enum ConfigurationTemplate {
    static let text = #"""
        # /etc/fairlead/fairlead.yaml: the configuration of Fairlead.
        #
        # Check it with `fairlead check config`, then `fairlead reload`; a file with a problem changes nothing. The files that it names
        # (certificate, key, passwords, aliases, credentials, DKIM keys) are taken up by themselves when they change.
        # Unknown keys are errors. Relative paths start at the folder of this file. Durations are 30s, 15min, 12h, 4d; sizes 512kB, 40MB
        # (a MB is 1,000,000 octets); rates 14/s, 600/min, 2000/d, or unlimited. Put quotes around a value that begins with * & @ or [.
        # A line that is commented out with one # shows the default, or an example where it says so.

        # The name in the greeting, in EHLO and in Received. Default: the host's full name.
        #hostname: relay.example.com

        # Required. Gets alarms, reports nobody else can get, and mail for postmaster and abuse.
        operator: ops@example.com

        # Where apps connect. AUTH is offered only after TLS, MAIL only after AUTH. [::] serves IPv4 too.
        listeners:
          - { address: "[::]:587", tls: starttls }
          - { address: "[::]:465", tls: implicit }
          # For apps on this host or in its containers that can neither do TLS nor log in: everybody who may connect sends as `account`.
          # Only on loopback and private addresses. An example, off by default.
          #- { address: "127.0.0.1:2525", tls: none, account: local, allow: [127.0.0.1, 172.17.0.0/16] }

        # Required. The certificate, followed by the intermediate ones, and its key, both PEM, the key without a passphrase.
        tls:
          certificate: tls/fullchain.pem
          private_key: tls/privkey.pem

        # Required. Who may log in: lines of name:hash. `fairlead account add NAME` writes it and prints the secret once.
        passwords: passwords

        # What each app may do. An account without an entry here has the defaults: every address of the identities, no limits of its own.
        #accounts:
        #  crm:
        #    from: ["*@mail.example.com"]   # the addresses that may leave: a foreign author is rewritten first, then checked
        #    rate: 5/s                      # recipients
        #    daily: 2000                    # recipients in 24 hours
        #    lifetime: 15min                # a login code is worth nothing tomorrow; default: queue.lifetime
        #    reports: sender                # who is told when a message fails: sender | operator | none
        #    ses_headers: strip             # default: rewrite.ses_headers
        #    identity: mail.example.com     # stands in for foreign authors; these default to what `rewrite` says:
        #    unverified_from: reject
        #    display_name: "{name} (CRM)"
        #    reply_to: desk@mail.example.com
        #    sender_map: { "root@web1": crm@mail.example.com }
        #    headers: { set: { Auto-Submitted: auto-generated } }
        #    configuration_set: crm         # of SES
        #    tags: { app: crm }             # for SES's events
        #    mode: live                     # of a test system: hold | { redirect: qa@example.com } | { allow: ["*@example.com"] }
        #  ses:
        #    kind: inbound                  # hands on mail from anybody, only to our aliases (docs/aliases.md); default: app
        #    spam_verdict: mark             # X-SES-Spam-Verdict: FAIL: ignore | mark | refuse; default: ignore
        #    virus_verdict: refuse          # the same for X-SES-Virus-Verdict

        # Required. What is verified in SES. The first one is the default.
        identities:
          # A domain covers its subdomains and every address in them. For a single address write `address: billing@partner.example`.
          - domain: mail.example.com
            # Where mail from foreign authors is rewritten to. Default: no-reply@ the domain, or the address.
            default_sender: no-reply@mail.example.com
            # The envelope sender of what leaves. Default: default_sender.
            #return_path: no-reply@mail.example.com
            # The key that this mail is signed with; its record is fl2026._domainkey.mail.example.com (`fairlead dkim record` prints it).
            dkim:
              selector: fl2026
              private_key: dkim/mail.example.com.fl2026.pem
              # pending: mail leaves without our signature until the DNS shows the key, so Easy DKIM must be on in SES (docs/dkim.md).
              #publish: required
              # The key of a rotation (`fairlead dkim rotate`): it signs once the DNS shows it.
              #next: { selector: fl2027, private_key: dkim/mail.example.com.fl2027.pem }

        rewrite:
          # Mail whose author is outside the identities: rewrite | reject.
          unverified_from: rewrite
          # The display name of a rewritten From. {name}: the author's display name, else the local part; {domain}: the identity's.
          display_name: "{name} via {domain}"
          # X-SES-* fields that an app sets: refuse | strip | a list of those that may stay: [configuration-set, message-tags].
          ses_headers: refuse
          # Where answers go: author (of a rewritten message that names nobody) | keep | none | an address.
          #reply_to: author
          # Addresses that leave as others, as in Postfix's generic(5). An example:
          #sender_map: { "root@web1": ops@mail.example.com, "@old.example": "@mail.example.com" }
          # Fields that every message loses or gets: X-… and those that only describe. An example:
          #headers: { remove: [X-Mailer], add: { Organization: Example Ltd } }
          # Of SES, for all mail; accounts may have their own. Examples:
          #configuration_set: relay
          #tags: { relay: web1 }
          # What is different for some authors; the first rule that matches From goes before what the account says. An example:
          #rules:
          #  - { author: ["*@shop.example"], identity: mail.example.com, display_name: "{name} (shop)", reply_to: desk@mail.example.com }
          # An envelope sender of its own for each message, bounce+QUEUEID@…
          #verp: false
          # What targets of an alias see in To and Cc: alias | target (a message of its own for each).
          alias_to: alias
          # The display name of mail that an alias sends on. {alias}: what stands before its @.
          alias_display_name: "{name} via {alias}"

        # Other names for recipients, lines of `address: target, target` and `@domain: target`; docs/aliases.md. Default: none.
        #aliases: aliases

        # Addresses or patterns that a catch-all among the aliases never takes, because somebody reads them elsewhere. Default: none.
        #mailboxes: ["anna@mail.example.com"]

        upstream:
          # The endpoint of your region. Its certificate must carry this name.
          host: email-smtp.eu-west-1.amazonaws.com
          # 587 or 2587 with starttls; 465 or 2465 with implicit. TLS is never optional.
          port: 587
          tls: starttls
          # The authorities to trust. Default: the system's trust store.
          #ca_file: /path/to/ca.pem
          # Required. SES_SMTP_USERNAME and SES_SMTP_PASSWORD, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; see ses.env.example.
          credentials: ses.env
          # For deriving the password from an access key. Default: from the host name.
          #region: eu-west-1
          # Recipients per second, all accounts together: SES shows it as "maximum send rate".
          rate: 14/s
          # Recipients per rolling 24 hours, all accounts together: a number, or unlimited.
          #daily_quota: unlimited
          # At most so many connections, messages on one of them, and recipients of one transaction (SES takes at most 50).
          connections: 10
          max_messages_per_connection: 50
          recipients_per_transaction: 50

        queue:
          # On a local disk, readable by the daemon only.
          path: /var/lib/fairlead
          # How long a message is tried before it expires. Pauses of the whole route do not count.
          lifetime: 4d
          # When the sender of a message that still waits is told so, once: a duration, or off.
          delay_warning: 4h
          # How long `fairlead trace` remembers what left.
          history: 30d

        limits:
          # As received. SES takes no message over 40MB.
          message_size: 40MB
          # Recipients of one message.
          recipients: 1000
          # At a time, in all and from one address.
          connections: 1000
          connections_per_ip: 50

        # After so many permanent refusals an address gets no more mail, until `fairlead suppress remove`: a number, or none.
        suppress_after: none

        # Who is told when something needs a person: a paused route, a full disk, a message set aside. The log, `fairlead status` and
        # `fairlead check health` always tell. docs/operations-alarms.md lists the alarms.
        alarm:
          # A webhook: gets a POST of one JSON object with a "text", as Slack and Mattermost take it. A URL, or none.
          url: none
          # A program, run without a shell, with FAIRLEAD_ALARM_KIND, _STATE, _CAUSE and more in its environment. A path, or none.
          command: none
          # A message that waits longer than this is an alarm.
          oldest: 1h
          # Whether `operator` gets a mail, where mail still flows.
          mail: true

        # Programs of this host that send through /usr/sbin/sendmail, which is `fairlead sendmail`: docs/local-mail.md.
        local:
          # Where they submit, or off. Default: submit.sock in the folder of `control`.
          #socket: /run/fairlead/submit.sock
          # The account that users of this host send as, or none: then only those may send that `accounts` names.
          account: local
          # The account of single users, by name or number. An example:
          #accounts: { www-data: crm }
          # What they send while the daemon is down waits here, or off. Default: queue.path with -maildrop behind it.
          #maildrop: /var/lib/fairlead-maildrop

        # The socket that the commands use. Members of its group may read; root and the daemon's user may change.
        control: /run/fairlead/control.sock

        # Health, metrics, status and the dashboard over HTTP, read-only: an address, or off. For more than this host give a token too, as in
        # { address: "10.1.2.3:9587", token: http.token, hosts: [status.example.com] }; docs/monitoring.md.
        http: 127.0.0.1:9587

        log:
          # trace | debug | info | notice | warning | error | critical
          level: info
          # auto (journald priorities under systemd, else text) | text | json
          format: auto

        """#
}
