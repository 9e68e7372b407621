"""A classifier as a phased model: how the feature networks of the metrics are trained."""

from ..training import Phase, PhasedModel


class Classifier(PhasedModel):
    """Trains `network` on {"pixels": …, **targets} with loss(outputs, targets).

    augment(pixels, seed), where given, changes each training picture a little."""

    def __init__(self, network, loss, augment=None, seed=0, **kwargs):
        super().__init__(seed=seed, **kwargs)
        self.network, self.loss_of, self.augment = network, loss, augment

    def error(self, batch, training):
        targets = dict(batch)
        pixels = targets.pop("pixels")
        if training and self.augment:
            pixels = self.augment(pixels, seed=self.noise(training))
        return self.loss_of(self.network(pixels, training=training), targets)

    def phases(self):
        return [Phase("classify", self.error, self.network.trainable_variables, ("loss",))]
