"""Gradients on TensorFlow, JAX and torch: the only code that knows which one runs."""

import keras

BACKEND = keras.backend.backend()

if BACKEND == "tensorflow":
    import tensorflow as tf

    def feed(batches, first_epoch):
        """`Batches` from an epoch on, without end, as keras.Model.fit takes them. Keras would
        make the same dataset of a generator, but a tuned one: the thread that tunes it sleeps
        ever longer and holds up the end of `fit`, by as much as the training took."""
        def anything(x):
            return tf.TensorSpec((None, *x.shape[1:]), x.dtype)

        options = tf.data.Options()
        options.autotune.enabled = False
        signature = tf.nest.map_structure(anything, next(batches.epoch(first_epoch)))
        return tf.data.Dataset.from_generator(
            lambda: batches.stream(first_epoch), output_signature=(signature,),
        ).prefetch(1).with_options(options)

    def value_and_gradients(loss, variables):
        """loss() -> tuple of scalars; returns it with the gradients of the first one."""
        values = [v.value for v in variables]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            results = loss()
        return results, tape.gradient(results[0], values)

    def input_gradient(score, x):
        """The gradient of sum(score(x)) with respect to x, itself differentiable."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            y = score(x)
        return tape.gradient(y, x)

elif BACKEND == "torch":
    import torch

    def value_and_gradients(loss, variables):
        """loss() -> tuple of scalars; returns it with the gradients of the first one."""
        results = loss()
        # grad(), not backward(): nothing may land on the other network's variables.
        gradients = torch.autograd.grad(results[0], [v.value for v in variables],
                                        allow_unused=True)
        return tuple(r.detach() for r in results), gradients

    def input_gradient(score, x):
        """The gradient of sum(score(x)) with respect to x, itself differentiable."""
        with torch.enable_grad():  # evaluate() runs under no_grad
            x = x.detach().requires_grad_(True)
            return torch.autograd.grad(score(x).sum(), x, create_graph=True)[0]

elif BACKEND == "jax":
    import jax

    def _differentiate(function, argument):
        """Gradient of function(argument) -> (scalar, results), while the assignments that it
        makes to variables (noise generators, batch statistics) are made again outside."""
        around, assigned = (_open[-1] if _open else None), {}

        def pure(argument):
            with stateless() as within:
                if around:
                    within.state_mapping.update(around.state_mapping)
                scalar, results = function(argument)
            assigned.update(within.assigned)
            return scalar, (results, [within.state_mapping[key] for key in within.assigned])

        gradients, (results, values) = jax.grad(pure, has_aux=True)(argument)
        for variable, value in zip(assigned.values(), values, strict=True):
            variable.assign(value)
        return results, gradients

    def value_and_gradients(loss, variables):
        """loss() -> tuple of scalars; returns it with the gradients of the first one."""
        def scalar(values):
            for variable, value in zip(variables, values, strict=True):
                _open[-1].state_mapping[id(variable)] = value
            results = loss()
            return results[0], results

        return _differentiate(scalar, [v.value for v in variables])

    def input_gradient(score, x):
        """The gradient of sum(score(x)) with respect to x, itself differentiable."""
        return _differentiate(lambda x: (score(x).sum(), ()), x)[1]


if BACKEND != "tensorflow":
    def feed(batches, first_epoch):
        """`Batches` from an epoch on, without end, as keras.Model.fit takes them."""
        return batches.stream(first_epoch)


_open = []  # JAX: the stateless scopes that are open, outermost first


class stateless(keras.StatelessScope):
    """keras.StatelessScope that value_and_gradients can find, and that knows its assignments."""

    def __init__(self, state_mapping=None):
        super().__init__(state_mapping)
        self.assigned = {}

    def add_update(self, update):
        self.assigned[id(update[0])] = update[0]
        super().add_update(update)

    def __enter__(self):
        _open.append(self)
        return super().__enter__()

    def __exit__(self, *error):
        _open.pop()
        return super().__exit__(*error)
