// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The seam to the distribution's eCryptfs: the four functions by which its
 * keystore.c and main.c ask a user's daemon, served by our engine.
 */
#include "kernel/seam.h"

#include <linux/cred.h>
#include <linux/hash.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>

#include <ecryptfs_kernel.h>

#define MAX_TIMEOUT_SECONDS 3600L

/* Of a pid, see PID_MAX_LIMIT. */
#define PID_BITS 22

static unsigned int ecryptfs_message_extend = 30;
module_param(ecryptfs_message_extend, uint, 0444);
MODULE_PARM_DESC(ecryptfs_message_extend,
		 "Seconds that one open may wait for a person (30, up to 60)");

static unsigned int ecryptfs_message_queue = 1024;
module_param(ecryptfs_message_queue, uint, 0444);
MODULE_PARM_DESC(ecryptfs_message_queue,
		 "Requests of one user, of which ecryptfs_message_buf_len "
		 "can be with the daemon (1024)");

/* /sys/module/ecryptfs/version: the distribution's module has none. */
MODULE_VERSION(ECRYPTFS_PKI_VERSION);

struct msg_engine ecryptfs_engine;

/* ---- who speaks */

int ecryptfs_identify(const struct file *file, struct msg_caller *caller)
{
	caller->opener.uid = file->f_cred->euid;
	caller->actor.uid = current_euid();
	if (file->f_cred->user_ns == &init_user_ns &&
	    current_user_ns() == &init_user_ns)
		return 0;
	caller->why = "only the initial user namespace is served";
	return -EPERM;
}

int ecryptfs_check_root(const struct file *file, struct msg_caller *caller)
{
	if (!uid_eq(caller->opener.uid, GLOBAL_ROOT_UID))
		return 0;
	if (file_ns_capable(file, &init_user_ns, CAP_SYS_ADMIN) &&
	    capable(CAP_SYS_ADMIN))
		return 0;
	caller->why = "a daemon of uid 0 needs CAP_SYS_ADMIN";
	return -EPERM;
}

void ecryptfs_describe(struct msg_helo *helo, const struct net *net)
{
	helo->namespaces[0] = current_user_ns()->ns.inum;
	helo->namespaces[1] = net->ns.inum;
	helo->namespaces[2] = task_active_pid_ns(current)->ns.inum;
	/* Its number is private to fs/; its address is as good. */
	helo->namespaces[3] = hash_ptr(current->nsproxy->mnt_ns, 32);
	helo->pid = task_tgid_vnr(current);
}

/* ---- asking */

/* Of the task, which tries one key after the other: no two have the same. */
static u64 opener_of(struct task_struct *task)
{
	return task->start_time << PID_BITS | task_pid_nr(task);
}

int ecryptfs_send_message(char *data, int data_len,
			  struct ecryptfs_msg_ctx **msg_ctx)
{
	struct msg_request request = {
		.owner.uid = current_euid(),
		.opener = opener_of(current),
		.data = (const u8 *)data,
		.data_len = data_len,
	};
	struct msg_ctx *ctx;
	int err = msg_send(&ecryptfs_engine, &request, &ctx);

	/* keystore.c only hands it on to ecryptfs_wait_for_response(). */
	if (err == 0)
		*msg_ctx = (struct ecryptfs_msg_ctx *)ctx;
	return err;
}

int ecryptfs_wait_for_response(struct ecryptfs_msg_ctx *msg_ctx,
			       struct ecryptfs_message **emsg)
{
	size_t reply_len;
	u8 *reply;
	int err = msg_wait((struct msg_ctx *)msg_ctx, &reply, &reply_len);

	if (err)
		return err;
	*emsg = kzalloc(sizeof(**emsg) + reply_len, GFP_KERNEL);
	if (*emsg) {
		(*emsg)->data_len = reply_len;
		memcpy((*emsg)->data, reply, reply_len);
	} else {
		err = -ENOMEM;
	}
	port_free(&ecryptfs_engine.port, reply, reply_len);
	return err;
}

/* ---- life of the module */

int __init ecryptfs_init_messaging(void)
{
	struct msg_limits limits = {
		.timeout_ms = 1000 * clamp(ecryptfs_message_wait_timeout, 1L,
					   MAX_TIMEOUT_SECONDS),
		.extend_ms = 1000 * min(ecryptfs_message_extend, 60U),
		.window = max(ecryptfs_message_buf_len, 1U),
		.queue = max(ecryptfs_message_queue, 1U),
	};
	int err = msg_engine_init(&ecryptfs_engine, &limits);

	if (err)
		return err;
	err = ecryptfs_device_init();
	if (err)
		goto out_engine;
	err = ecryptfs_genl_init();
	if (err)
		goto out_device;
	return 0;

out_device:
	ecryptfs_device_exit();
out_engine:
	msg_engine_exit(&ecryptfs_engine);
	return err;
}

/* An open node holds the module, a netlink daemon does not: it gets QUIT. */
void ecryptfs_release_messaging(void)
{
	ecryptfs_genl_exit();
	ecryptfs_device_exit();
	msg_engine_exit(&ecryptfs_engine);
	ecryptfs_genl_forget();
}
