/* Functions of the author that C may call: each becomes a kernel of its parameters.
 *
 * Written out are the `fn`s of files, of types that C has, that call no `extern fn` (which would make a library
 * necessary that no agreement needs) and that are not endless when everything they call is written out in place.
 * Whoever calls one is runtime/embed/function.c.  Tested by tests/embed/function.c. */
#include "compiler/emit/lower_internal.h"
#include "runtime/bytecode/format.h"
#include "runtime/native/native.h"

enum { NODES_MAX = 10000 };

/* Takes what writing the expression out costs from what is left; false: it is too much, or calls C. */
static bool is_affordable(const ent_node *n, size_t *left)
{
    if (n == NULL) {
        return true;
    }
    if (*left == 0 || (n->kind == ENT_NODE_CALL && n->decl_kind == ENT_DECL_EXTERN)) {
        return false;
    }
    --*left;
    if (n->kind == ENT_NODE_CALL && n->decl_kind == ENT_DECL_FN &&
        !is_affordable(((const ent_fn_decl *)n->decl)->body, left)) {
        return false;
    }
    for (uint32_t i = 0; i < n->n_kids; i++) {
        if (!is_affordable(n->kids[i], left)) {
            return false;
        }
    }
    return true;
}

static bool is_for_c(const ent_fn_decl *fn)
{
    size_t left = NODES_MAX;
    if (!fn->shared || fn->library != NULL || fn->n_params < 1 || fn->n_params > ENT_LIMIT_NATIVE_PARAMS ||
        !ent_native_gives(fn->result.kind)) {
        return false;
    }
    for (size_t i = 0; i < fn->n_params; i++) {
        if (!ent_native_takes(fn->params[i].type.kind)) {
            return false;
        }
    }
    return is_affordable(fn->body, &left);
}

static bool lower_function(ent_lower *lw, const ent_fn_decl *fn)
{
    ent_builder *b = lw->b;
    int64_t place = ent_lower_place(lw, fn->span);
    int64_t first = (int64_t)b->native_param.n;
    int64_t kernel;
    int32_t args[ENT_LIMIT_NATIVE_PARAMS];
    ent_lower_env env = {.lw = lw,
                         .kb = ent_kb_new(b, ENT_KERNEL_DECISION, -1, place),
                         .kind = ENT_KERNEL_DECISION,
                         .args = args};
    if (env.kb == NULL) {
        return ent_lower_no_memory(lw) == 0;
    }
    for (size_t i = 0; i < fn->n_params; i++) {
        ent_type type = fn->params[i].type;
        (void)ent_builder_add_native_param(
            b, (ent_native_param_row){type.kind, ent_lower_type_param(lw, type)});
        args[i] = ent_kb_input(env.kb, ENT_INPUT_PARAM, (int64_t)i, ent_type_class(type.kind), place);
    }
    int32_t result = ent_lower_to_class(&env, ent_lower_expr(&env, fn->body), fn->result,
                                        ent_type_class(fn->result.kind), place);
    (void)ent_kb_output(env.kb, result);
    if (!ent_lower_finish_kernel(lw, env.kb, fn->span, &kernel)) {
        return false;
    }
    (void)ent_builder_add_function(
        b, (ent_function_row){ent_builder_text(b, fn->name), first, (int64_t)fn->n_params, fn->result.kind,
                              ent_lower_type_param(lw, fn->result), kernel, place});
    return true;
}

bool ent_lower_functions(ent_lower *lw)
{
    bool ok = true;
    for (size_t i = 0; ok && i < lw->m->n_fns; i++) {
        ok = !is_for_c(lw->m->fns[i]) || lower_function(lw, lw->m->fns[i]);
    }
    return ok;
}
