/* The command's memory in pages of 2 MB, where the system has such: a run touches tens of megabytes for the first time,
 * and each page of 4 KB costs a fault, which takes up to a quarter of a run's time on virtual machines.
 *
 * Nor is memory handed back that is let go of, as it is soon asked for again.
 *
 * Only the command asks for this, since only it owns its process: the libraries take memory as their host gives it.
 * What the system refuses (no large pages, little address space, another malloc) changes nothing but the time. */
#ifndef ENT_ENTENTE_PAGES_H
#define ENT_ENTENTE_PAGES_H

void ent_large_pages(void);
#endif
