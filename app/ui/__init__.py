"""The Jobs page: what operators see of the service in a browser.

Pages are rendered here from templates, and every link, filter and action works without scripts; scripts add live
updates, keys, and times in the reader's zone. What a page does, it does through the services that the API uses.
"""
