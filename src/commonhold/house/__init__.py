"""The house: the web application in which members work (DESIGN 7).

A Django project on Wagtail's shell. What it keeps in tables is drafts, and a cache of the record: whoever drops them and replays sees the same pages.
Who may do what comes from the fold and from no table. ``config`` is what a house's own file says, ``settings`` what Django makes of it, ``serving`` the
one process that serves pages and log together; each folder beside them is one concern, with the same file names in each:

    models.py         its tables           services.py   what it does, with neither requests nor pages
    views.py, urls.py its pages            wagtail_hooks.py   where they stand in the shell

Nothing outside this package imports Django, and ``commonhold`` starts without it.
"""
