/* Runs a model's test vectors on a bare Cortex-M under QEMU and prints what it counted over semihosting.
 *
 * Built without any library. TIMER is a CMSDK timer that counts down at a fixed rate of the emulated clock; with
 * QEMU's -icount each instruction takes the same emulated time, and a loop of known length tells how many ticks that is.
 */
#include "harlib_model.h"
#include "vectors.h"

#define STACK_WORDS 512
#define STAGES 66

static volatile uint32_t *const timer = (volatile uint32_t *)TIMER; /* control, value, reload */
static harlib_state state;
static uint32_t spent[STAGES], rows[STAGES], since;

extern uint32_t _data[], _edata[], _load[], _bss[], _ebss[], _stack[];
void reset(void);
void *memset(void *to, int value, unsigned size);
void *memcpy(void *to, const void *from, unsigned size);

static int semihost(int operation, const void *argument)
{
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static void print(const char *name, uint32_t value)
{
    static const char digits[] = "0123456789abcdef";
    char text[11];
    for (int i = 0; i < 8; i++) {
        text[i] = digits[value >> (28 - 4 * i) & 15u];
    }
    text[8] = '\n';
    text[9] = 0;
    semihost(4, name);
    semihost(4, " ");
    semihost(4, text);
}

static uint32_t ticks(void)
{
    return ~timer[1];
}

void harlib_after_rows(int stage);
void harlib_after_rows(int stage)
{
    const uint32_t now = ticks();
    spent[stage] += now - since;
    rows[stage]++;
    since = ticks();
}

/* 200,002 instructions between the two readings. */
static uint32_t known_loop(void)
{
    const uint32_t start = ticks();
    __asm__ volatile(".syntax unified\n ldr r3, =100000\n1: subs r3, r3, #1\n bne 1b\n nop" ::: "r3", "cc");
    return ticks() - start;
}

/* How far down the stack was written: words below the caller's that are no longer the pattern. */
static uint32_t stack_bytes(void (*work)(void))
{
    uint32_t *const top = (uint32_t *)__builtin_frame_address(0) - 32;
    for (int i = 0; i < STACK_WORDS; i++) {
        top[-i] = 0xdeadbeefu;
    }
    work();
    int used = STACK_WORDS;
    while (used > 0 && top[1 - used] == 0xdeadbeefu) {
        used--;
    }
    return (uint32_t)used * 4u + 128u;
}

static int32_t logits[HARLIB_CLASSES];

static void first_input(void)
{
    harlib_run(&state, inputs[0], logits);
}

int main(void);
int main(void)
{
    uint32_t wrong = 0;

    timer[2] = 0xffffffffu;
    timer[1] = 0xffffffffu;
    timer[0] = 1u;
    print("loop", known_loop());
    print("stack", stack_bytes(first_input));
    for (int i = 0; i < 100; i++) {
        harlib_after_rows(STAGES - 1);
    }
    since = ticks();
    spent[STAGES - 1] = 0;
    for (int i = 0; i < 1000; i++) {
        harlib_after_rows(STAGES - 1);
    }
    print("mark", spent[STAGES - 1]); /* of 1000 loops around a mark */
    uint32_t nothing = ticks();
    nothing = ticks() - nothing;
    for (int i = 0; i < STAGES; i++) {
        spent[i] = 0;
        rows[i] = 0;
    }
    for (int k = 0; k < VECTORS; k++) {
        const uint32_t start = ticks();
        since = start;
        harlib_run(&state, inputs[k], logits);
        print("run", ticks() - start - nothing);
        for (int i = 0; i < HARLIB_CLASSES; i++) {
            wrong += logits[i] != expected[k][i];
        }
    }
    print("wrong", wrong);
    for (int i = 0; i < STAGES - 1; i++) {
        if (rows[i]) {
            print("rows", rows[i]);
            print("stage", spent[i]);
        }
    }
    return (int)wrong;
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    _stack, (const void *)reset, (const void *)reset, (const void *)reset,
};

void reset(void)
{
    uint32_t code[2] = { 0x20026u, 1u };
    uint32_t *from = _load;
    for (uint32_t *to = _data; to < _edata; to++) {
        *to = *from;
        from++;
    }
    for (uint32_t *to = _bss; to < _ebss; to++) {
        *to = 0;
    }
    code[1] = (uint32_t)main();
    semihost(0x20, code);
    for (;;) {
    }
}

void *memset(void *to, int value, unsigned size)
{
    unsigned char *byte = to;
    while (size--) {
        *byte++ = (unsigned char)value;
    }
    return to;
}

void *memcpy(void *to, const void *from, unsigned size)
{
    unsigned char *byte = to;
    const unsigned char *source = from;
    while (size--) {
        *byte++ = *source++;
    }
    return to;
}
