/* Loops over columns, compiled twice where the compiler can: for any processor, and for one with 256-bit vectors; which
 * one runs is decided when the program is loaded.  Both are the same C, without contraction of a multiplication and an
 * addition, so the results are the same bytes.  ENT_HAS_TARGET_CLONES=0 builds the first kind only. */
#ifndef ENT_VM_SIMD_H
#define ENT_VM_SIMD_H

#ifndef ENT_HAS_TARGET_CLONES
#if defined __x86_64__ && defined __GNUC__ && !defined __clang__ && defined __linux__ && \
    !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
#define ENT_HAS_TARGET_CLONES 1
#else
#define ENT_HAS_TARGET_CLONES 0
#endif
#endif

#if ENT_HAS_TARGET_CLONES
#define ENT_VECTORS __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define ENT_VECTORS
#endif

/* Before a loop of so few instructions that a third of them would be its own. */
#define ENT_UNROLLED _Pragma("GCC unroll 4")

#endif
