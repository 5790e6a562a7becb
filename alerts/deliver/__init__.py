"""Mail out, and bounces in: SMTP, a Maildir without SMTP, and what a reply means."""
