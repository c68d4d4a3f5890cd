"""What apps are built with, as far as Debian has it: each sends one mail with the settings of its page in docs/apps."""
import os
import re
import shutil
import subprocess
import textwrap

from .relay import REPOSITORY

FRAMEWORKS = ("django", "rails", "laravel", "symfony", "spring", "nodemailer", "wordpress")
PAGES = os.path.join(REPOSITORY, "docs", "apps")


def page(name):
    with open(os.path.join(PAGES, name + ".md")) as f:
        return f.read()


def block(name, language):
    """The first block of that language on a page."""
    return re.search(rf"^```{language}\n(.*?)^```$", page(name), re.S | re.M)[1]


def environment(lines):
    return dict(line.split("=", 1) for line in lines)


class App:
    """A program that sends one mail to argv[1] with the subject argv[2]; the page's own lines are in it."""

    def __init__(self, name, command, needs, program, suffix):
        self.name, self.command, self.needs, self.program, self.suffix = name, command, needs, program, suffix

    def missing(self):
        if not shutil.which(self.command[0]):
            return f"no {self.command[0]}"
        return next((f"no {path}" for path in self.needs if not os.path.exists(path)), None)

    def send(self, folder, env, trusted, to, subject):
        path = os.path.join(str(folder), "app" + self.suffix)
        with open(path, "w") as f:
            f.write(self.program())
        # The trusted certificate, as docs/apps/README.md says it.
        trust = {"SSL_CERT_FILE": trusted, "NODE_EXTRA_CA_CERTS": trusted}
        return subprocess.run([*self.command, path, to, subject], capture_output=True, text=True, timeout=60, cwd=str(folder),
                              env={"PATH": os.environ["PATH"], "HOME": str(folder), "NODE_PATH": "/usr/share/nodejs", **trust, **env})


def django():
    return block("django", "python") + textwrap.dedent("""
        import sys, django
        from django.conf import settings
        settings.configure(**{name: value for name, value in globals().items() if name.isupper()})
        django.setup()
        from django.core.mail import send_mail
        assert send_mail(sys.argv[2], "Hello", None, [sys.argv[1]]) == 1
        """)


def rails():
    return textwrap.dedent("""
        require "action_mailer"
        config = Struct.new(:action_mailer).new(ActionMailer::Base)
        """) + block("rails", "ruby") + textwrap.dedent("""
        ActionMailer::Base.mail(to: ARGV[0], subject: ARGV[1], body: "Hello").deliver_now
        """)


def symfony():
    return """<?php
        require '/usr/share/php/Symfony/Component/Mailer/autoload.php';
        require_once '/usr/share/php/Symfony/Component/Mime/autoload.php';
        $mailer = new Symfony\\Component\\Mailer\\Mailer(Symfony\\Component\\Mailer\\Transport::fromDsn(getenv('MAILER_DSN')));
        $mailer->send((new Symfony\\Component\\Mime\\Email())->from(getenv('MAILER_FROM'))->to($argv[1])->subject($argv[2])->text('Hello'));
        """


def nodemailer():
    return block("nodemailer", "js") + textwrap.dedent("""
        module.exports(process.argv[2], process.argv[3], "Hello").catch((error) => { console.error(error); process.exit(1); });
        """)


def wordpress():
    """WordPress's own mail(), as far as its PHPMailer and the two hooks of the page go."""
    return block("wordpress", "php") + textwrap.dedent("""
        function add_action($name, $call) { $GLOBALS['hooks'][$name] = $call; }
        function add_filter($name, $call) { $GLOBALS['hooks'][$name] = $call; }
        require '/usr/share/php/libphp-phpmailer/autoload.php';
        $mailer = new PHPMailer\\PHPMailer\\PHPMailer(true);
        $mailer->isMail();
        $mailer->setFrom($hooks['wp_mail_from']('wordpress@example.com'), 'WordPress', false);
        $mailer->addAddress($argv[1]);
        $mailer->Subject = $argv[2];
        $mailer->Body = 'Hello';
        $hooks['phpmailer_init']($mailer);
        $mailer->send();
        """)


APPS = [
    App("django", ["/usr/bin/python3", "-B"], ["/usr/lib/python3/dist-packages/django"], django, ".py"),
    App("rails", ["/usr/bin/ruby"], ["/usr/share/rubygems-integration/all/specifications"], rails, ".rb"),
    App("symfony", ["php"], ["/usr/share/php/Symfony/Component/Mailer"], symfony, ".php"),
    App("nodemailer", ["node"], ["/usr/share/nodejs/nodemailer"], nodemailer, ".js"),
    App("wordpress", ["php"], ["/usr/share/php/libphp-phpmailer"], wordpress, ".php"),
]
