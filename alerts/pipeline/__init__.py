"""The one package that knows the order: a file a verb, and beside each verb the files that serve it alone.

    Source -plan-> Request -fetch-> Document -read-> entries -identify-> new | changed | seen
           -classify-> Labels, Intents -store-> (one transaction a page)            poll.py
    Items -> the words that search finds them by                                    index.py
    Intents -release-> Alert no. N                                                  release.py
    tick(now): who is due? -compose-> Edition -render-> parts -enqueue-> Delivery   compose.py
    Delivery -smtp-> sent | deferred | bounced | uncertain                          deliver.py
    Alerts x filter x format -render-> RSS / Atom / JSON Feed                       publish.py
    sign-up, confirm, preferences, unsubscribe, erase                               people.py
    a changed topic or rule against the archive                                     relabel.py

    poll      run (one source's run), identify and decide (pure), shelve and clerk (pages into the store), outcome,
              rules, preview, checkup (a poll without storing), gaps, turns (one process at a host at a time),
              care (teasers and late retractions), troubles (sources that stay broken)
    compose   contents, windows, notices (retractions), previews
    deliver   desk, bookkeeper, tally, mishaps (mail to the operator), inbox (what comes back), ledger (who got what)
    publish   sample (are examples shown?), ping (WebSub)
    people    signup, membership, departures, personal, past, roster (CSV), report (a wrong label),
              retiring (the end of a topic)
    relabel   trial (a change before it is saved), corrections (an operator's word), crew (several processes)
    operators manage (topics, sources), operator (mail to them), keep (what is thrown away),
              moving, restoring and nightly (backups), presence (which processes run)
"""
