/* The page's files as bytes of the command, so that it needs nothing beside it. */
#include "compiler/watch/server.h"

#include <string.h>

#define ASSET(name, file)                                                                          \
    __asm__(".section .rodata\n"                                                                   \
            ".global ent_watch_" #name "_begin\n.hidden ent_watch_" #name "_begin\n"               \
            "ent_watch_" #name "_begin:\n.incbin \"compiler/watch/" file "\"\n"                    \
            ".global ent_watch_" #name "_end\n.hidden ent_watch_" #name "_end\n"                   \
            "ent_watch_" #name "_end:\n.byte 0\n.previous\n");                                     \
    extern const char ent_watch_##name##_begin[];                                                  \
    extern const char ent_watch_##name##_end[]

ASSET(html, "page.html");
ASSET(css, "page.css");
ASSET(js, "page.js");

const ent_watch_asset *ent_watch_asset_find(const char *path)
{
    static const ent_watch_asset assets[] = {
        {"/", "text/html; charset=utf-8", ent_watch_html_begin, ent_watch_html_end},
        {"/page.css", "text/css; charset=utf-8", ent_watch_css_begin, ent_watch_css_end},
        {"/page.js", "text/javascript; charset=utf-8", ent_watch_js_begin, ent_watch_js_end}};
    for (size_t i = 0; i < sizeof assets / sizeof *assets; i++) {
        if (strcmp(assets[i].path, path) == 0) {
            return &assets[i];
        }
    }
    return NULL;
}
