"""The one package that knows the order, one file a verb.

    Source -plan-> Request -fetch-> Document -read-> entries -identify-> new | changed | seen
           -classify-> Labels, Intents -store-> (one transaction a page)            poll.py
    Intents -release-> Alert no. N                                                  release.py
    tick(now): who is due? -compose-> Edition -render-> parts -enqueue-> Delivery   compose.py
    Delivery -smtp-> sent | deferred | bounced | uncertain                          deliver.py
    Alerts x filter x format -render-> RSS / Atom / JSON Feed                       publish.py
    sign-up, confirm, preferences, unsubscribe, erase                               people.py
    a changed topic or rule against the archive                                     relabel.py
"""
