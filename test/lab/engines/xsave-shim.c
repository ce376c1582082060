/*
 * Loaded into user-mode Linux on processors with AMX.
 *
 * PTRACE_SETREGSET of NT_X86_XSTATE fails with EFAULT unless it is given the whole area that the kernel keeps for a process
 * (`xstateregs_set` in arch/x86/kernel/fpu/regset.c). User-mode Linux 6.1 has room for 2,696 bytes of it: everything up to AVX-512, but not
 * AMX's tiles, which make the area 11 KiB long. So the rest is given as zeroes, which is the state of tiles that nobody has used; the features
 * that the area's header names stay those that the kernel wrote there.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#define LONGEST_AREA 65536

static long (*real_ptrace)(int, ...);

/* The length of the area of that process; 0 where it can't be asked. */
static size_t area_length(pid_t pid, void *area)
{
	struct iovec whole = { area, LONGEST_AREA };

	if (real_ptrace(PTRACE_GETREGSET, pid, (void *)NT_X86_XSTATE, &whole) != 0)
		return 0;
	return whole.iov_len;
}

long ptrace(enum __ptrace_request request, ...)
{
	static char area[LONGEST_AREA];
	va_list arguments;
	pid_t pid;
	void *address, *data;

	va_start(arguments, request);
	pid = va_arg(arguments, pid_t);
	address = va_arg(arguments, void *);
	data = va_arg(arguments, void *);
	va_end(arguments);

	if (real_ptrace == NULL)
		real_ptrace = (long (*)(int, ...))dlsym(RTLD_NEXT, "ptrace");

	if (request == PTRACE_SETREGSET && (long)address == NT_X86_XSTATE) {
		const struct iovec *given = data;
		size_t length = area_length(pid, area);

		if (given->iov_len < length) {
			struct iovec padded = { area, length };

			memcpy(area, given->iov_base, given->iov_len);
			memset(area + given->iov_len, 0, length - given->iov_len);
			return real_ptrace(request, pid, address, &padded);
		}
	}
	return real_ptrace(request, pid, address, data);
}
