/*
 * Digits of a decimal in text: shared by decimal.c and double_text.c, internal to runtime/vm.
 */
#ifndef ENT_VM_DECIMAL_H
#define ENT_VM_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Views into the text, with the zeros off that change nothing: those before the whole part and
 * those after the fraction.
 */
typedef struct {
    bool negative;
    const char *whole, *fraction;
    size_t whole_len, fraction_len;
} ent_decimal;

/* [+-] digits [. digits], at least one digit on one side of the point; nothing else around it. */
bool ent_decimal_scan(const char *text, size_t len, ent_decimal *out);

static inline bool ent_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

#endif
