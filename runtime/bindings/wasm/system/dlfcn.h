/* WebAssembly has no shared libraries: none is ever found. */
#ifndef ENT_WASM_DLFCN_H
#define ENT_WASM_DLFCN_H

enum { RTLD_LOCAL = 0, RTLD_NOW = 2 };

void *dlopen(const char *path, int mode);
void *dlsym(void *library, const char *name);
int dlclose(void *library);

#endif
