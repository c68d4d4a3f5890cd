#!/usr/bin/python3 -B
"""Hands COUNT messages to the relay at 127.0.0.1:587: submit.py USER PASSWORD FROM COUNT. Runs in a machine's network."""
import smtplib
import ssl
import sys

user, password, sender, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
with smtplib.SMTP("127.0.0.1", 587, timeout=30) as client:
    client.starttls(context=context)
    client.login(user, password)
    for number in range(count):
        client.sendmail(sender, [f"reader{number}@customer.example"], f"From: {sender}\r\nTo: reader{number}@customer.example\r\n"
                        f"Subject: number {number}\r\nX-Token: {user}-{number}\r\n\r\nHello.\r\n")
