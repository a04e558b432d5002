"""Questions about symbols: composition, attributes, parts, operators, shapes. ``mx`` is handed in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .asking import a, b, bn, fc, questions

questions(
    "compose",
    by_name=lambda mx: fc(mx)(a=b(mx)),
    with_an_expression=lambda mx: bn(mx)(fc_weight=mx.sym.exp(b(mx), name="e")),
    renamed=lambda mx: fc(mx)(a=b(mx), name="other"),
    only_renamed=lambda mx: fc(mx)(name="other"),
    renamed_group=lambda mx: (lambda f: mx.sym.Group([f, f + 1])(a=b(mx), name="other"))(fc(mx)),
    a_state=lambda mx: bn(mx)(bn_moving_mean=b(mx)),
    unknown=lambda mx: fc(mx)(z=b(mx)),
    both_ways=lambda mx: fc(mx)(b(mx), fc_weight=a(mx)),
    a_number=lambda mx: fc(mx)(a=3),
    none=lambda mx: fc(mx)(None),
    a_group=lambda mx: fc(mx)(a=mx.sym.Group([a(mx), b(mx)])),
    too_many=lambda mx: fc(mx)(*[b(mx)] * 4),
    concat=lambda mx: mx.sym.Concat(a(mx), b(mx), name="c"),
    concat_makes_all=lambda mx: mx.sym.Concat(num_args=3, dim=0, name="c"),
    concat_makes_some=lambda mx: mx.sym.Concat(a(mx), num_args="3", name="c"),
    concat_by_name=lambda mx: mx.sym.Concat(arg1=a(mx), arg0=b(mx), name="c"),
    concat_by_name_and_made=lambda mx: mx.sym.Concat(arg1=a(mx), num_args=2, name="c"),
    concat_both_ways=lambda mx: mx.sym.Concat(b(mx), arg1=a(mx), name="c"),
    concat_gap=lambda mx: mx.sym.Concat(arg1=a(mx), name="c"),
    concat_nothing=lambda mx: mx.sym.Concat(name="c"),
    concat_of_no_number=lambda mx: mx.sym.Concat(a(mx), num_args="x", name="c"),
    concat_too_many=lambda mx: mx.sym.Concat(a(mx), b(mx), num_args=1, name="c"),
    concat_a_number=lambda mx: mx.sym.Concat(a(mx), 3),
    add_n=lambda mx: mx.sym.add_n(arg0=a(mx), arg1=b(mx), name="s"),
    stack=lambda mx: mx.sym.stack(num_args=2, name="s"),
    crop=lambda mx: mx.sym.Crop(a(mx), num_args=2, name="c"),
    upsampling=lambda mx: mx.sym.UpSampling(num_args=2, scale=2, sample_type="nearest", name="u"),
    upsampling_by_name=lambda mx: mx.sym.UpSampling(data=a(mx), scale=2, sample_type="bilinear", name="u"),
    upsampling_unknown=lambda mx: mx.sym.UpSampling(data=a(mx), scale=2, sample_type="nearest", name="u"),
    nothing_given=lambda mx: mx.sym.elemwise_add(name="s"),
    second_given=lambda mx: mx.sym.elemwise_add(rhs=a(mx), name="s"),
    lstm=lambda mx: mx.sym.RNN(a(mx), state_size=2, num_layers=1, mode="lstm", name="r").list_arguments(),
    several_outputs_in=lambda mx: mx.sym.exp(mx.sym.split(a(mx), num_outputs=2)),
    prefix=lambda mx: prefixed(mx),
)  # fmt: skip


def prefixed(mx):
    with mx.name.Prefix("p_"), mx.AttrScope(__group__="g"):
        return mx.sym.FullyConnected(mx.sym.var("a"), num_hidden=2) * 2


questions(
    "attributes",
    of_operators=lambda mx: mx.sym.FullyConnected(a(mx), num_hidden=3, name="f", lr_mult=2, ctx_group="g"),
    as_dict=lambda mx: mx.sym.exp(a(mx), attr={"x": "1"}, name="e", __y__="z"),
    of_no_text=lambda mx: mx.sym.exp(a(mx), attr={"x": 1}, name="e"),
    of_a_variable_no_text=lambda mx: mx.sym.var("v", attr={"x": 1}),
    for_an_input=lambda mx: mx.sym.FullyConnected(a(mx), num_hidden=3, attr={"weight_lr_mult": "2"}),
    for_an_input_of_a_variable=lambda mx: mx.sym.var("v", attr={"weight_lr_mult": "2"}),
    variable=lambda mx: mx.sym.var("v", shape=(2, 0), lr_mult=2, wd_mult=0, dtype="float16", stype="csr", __x__=3),
    name=lambda mx: [fc(mx).attr("name"), fc(mx).attr("num_hidden"), fc(mx).attr("zz")],
    listed=lambda mx: [fc(mx).list_attr(), bn(mx).list_attr(), mx.sym.Group([fc(mx), bn(mx)]).list_attr()],
    listed_deep=lambda mx: fc(mx).list_attr(True),
    number=lambda mx: fc(mx)._set_attr(x=1),
)  # fmt: skip
questions(
    "parts",
    numbers=lambda mx: [part.list_outputs() for part in mx.sym.split(a(mx), num_outputs=3, name="s")],
    piece=lambda mx: mx.sym.split(a(mx), num_outputs=3, name="s")[1:].list_outputs(),
    no_piece=lambda mx: mx.sym.split(a(mx), num_outputs=3, name="s")[3:],
    negative=lambda mx: fc(mx)[-1],
    beyond=lambda mx: fc(mx)[1],
    fraction=lambda mx: fc(mx)[1.0],
    by_name=lambda mx: bn(mx).get_internals()["fc_output"],
    by_wrong_name=lambda mx: fc(mx)["fc"],
    by_double_name=lambda mx: mx.sym.Group([mx.sym.exp(a(mx), name="f"), mx.sym.log(a(mx), name="f")])["f_output"],
    internals=lambda mx: bn(mx).get_internals(),
    children=lambda mx: [fc(mx).get_children(), a(mx).get_children()],
    children_of_a_group=lambda mx: mx.sym.Group([fc(mx), bn(mx)]).get_children().list_outputs(),
    children_of_parts=lambda mx: mx.sym.split(a(mx), num_outputs=2, name="s").get_children().list_outputs(),
    group_of_groups=lambda mx: mx.sym.Group([mx.sym.Group([fc(mx), a(mx)]), b(mx)]),
    empty_group=lambda mx: mx.sym.Group([]),
    group_of_one=lambda mx: mx.sym.Group(a(mx)),
    group_of_numbers=lambda mx: mx.sym.Group([3]),
    text=lambda mx: mx.sym.Group([bn(mx), mx.sym.split(a(mx), num_outputs=2, name="s")[1]]).debug_str(),
    text_of_a_variable=lambda mx: a(mx).debug_str(),
)  # fmt: skip


def in_place(sign: str) -> Callable[[Any], Any]:
    def ask(mx):
        scope = {"x": a(mx), "y": b(mx)}
        exec(f"x {sign}= y", scope)
        return scope["x"]

    return ask


def operator(text: str) -> Callable[[Any], Any]:
    return lambda mx: eval(text, {"x": a(mx), "y": b(mx), "np": np})


OPERATORS = (
    "x + y|x - 2|2 - x|x * y|3 / x|x ** 2|2 ** x|x % y|2 % x|-x|abs(x)|x == y|x != 1|x > y|1 < x|x <= y|x >= 2|"
    "x // y|x @ y|~x|+x|x & y|not x|bool(x)|x == None|x + 'a'|'a' + x|x + [1]|x + True|float(x)|"
    "np.float32(2) + x|x * np.float32(2)|np.ones(2) * x|x + np.ones(2)|len(x)|x.__div__(y)|x.__rdiv__(2)|x.foo"
).split("|")
questions("in place", **{sign: in_place(sign) for sign in ("+", "-", "*", "/", "**", "%", "//")})
questions("operator", **{text: operator(text) for text in OPERATORS})
questions(
    "methods",
    expand_dims=lambda mx: a(mx).expand_dims(1, True),
    flatten=lambda mx: a(mx).flatten(inplace=True),
    squeeze=lambda mx: a(mx).squeeze(inplace=False),
    squeeze_named=lambda mx: a(mx).squeeze((0, 1), name="s"),
    astype=lambda mx: a(mx).astype("float16"),
    reshape=lambda mx: a(mx).reshape((2, -1)),
    diag=lambda mx: a(mx).diag(1),
    split_v2=lambda mx: a(mx).split_v2(2, axis=1).list_outputs(),
    as_nd_ndarray=lambda mx: a(mx).as_nd_ndarray(),
)
questions("values only", **{
    name: lambda mx, name=name: getattr(a(mx), name)()
    for name in ("asnumpy", "asscalar", "wait_to_read", "backward", "detach", "copy", "as_in_context")
})  # fmt: skip


def shapes(make: Callable[[Any], Any], *args: Any, **given: Any) -> Callable[[Any], Any]:
    return lambda mx: make(mx).infer_shape_partial(*args, **given)


def net(mx):
    conv = mx.sym.Pooling(mx.sym.Convolution(a(mx), kernel=(3, 3), num_filter=4, name="c"), kernel=(2, 2))
    return mx.sym.FullyConnected(mx.sym.LeakyReLU(conv, act_type="prelu", name="l"), num_hidden=2, name="f")


questions(
    "shapes",
    all_known=shapes(fc, a=(2, 4)),
    nothing_known=shapes(fc),
    weight_known=shapes(fc, fc_weight=(3, 4)),
    batch_unknown=shapes(fc, a=(0, 4)),
    batch_negative=shapes(fc, a=(-1, 4)),
    batch_unknown_in_a_network=shapes(net, a=(0, 3, 8, 8)),
    states=shapes(bn, a=(0, 4)),
    sum_backward=shapes(lambda mx: (a(mx) + b(mx)) * mx.sym.var("c"), c=(2, 3)),
    sum_of_halves=shapes(lambda mx: a(mx) + b(mx), a=(0, 3), b=(2, 0)),
    unary_backward=shapes(lambda mx: mx.sym.exp(a(mx)) + b(mx), b=(2, 3)),
    activation_backward=shapes(lambda mx: mx.sym.Activation(a(mx), act_type="relu") * b(mx), b=(2, 3)),
    add_n_backward=shapes(lambda mx: mx.sym.add_n(a(mx), b(mx)), b=(2, 3)),
    ones_like_backward=shapes(lambda mx: mx.sym.ones_like(a(mx)) + b(mx), b=(2, 3)),
    dropout_is_not_backward=shapes(lambda mx: mx.sym.Dropout(a(mx)) * b(mx), b=(2, 3)),
    batch_backward=shapes(lambda mx: fc(mx) + b(mx), a=(0, 4), b=(2, 3)),
    open_zeros=shapes(lambda mx: mx.sym.zeros((0, 3)) + b(mx), b=(2, 3)),
    broadcasting_tells_nothing=shapes(lambda mx: mx.sym.broadcast_add(a(mx), b(mx)), a=(2, 1)),
    concat=shapes(lambda mx: mx.sym.concat(a(mx), b(mx), dim=1), a=(2, 3), b=(0, 4)),
    transposed=shapes(lambda mx: mx.sym.transpose(a(mx)), a=(0, 3)),
    summed=shapes(lambda mx: mx.sym.sum(a(mx), axis=1), a=(0, 3)),
    reshaped=shapes(lambda mx: mx.sym.reshape(a(mx), shape=(2, -1)), a=(0, 3, 4)),
    sliced=shapes(lambda mx: mx.sym.slice_axis(a(mx), axis=1, begin=0, end=2), a=(0, 3)),
    split=shapes(lambda mx: mx.sym.split(a(mx), num_outputs=3, axis=1), a=(0, 3)),
    embedded=shapes(lambda mx: mx.sym.Embedding(a(mx), input_dim=5, output_dim=2, name="e"), a=(0, 3)),
    not_flattened=shapes(lambda mx: mx.sym.FullyConnected(a(mx), num_hidden=3, flatten=False, name="g"), a=(2, 0, 5)),
    recurrent=shapes(lambda mx: mx.sym.RNN(a(mx), state_size=3, num_layers=1, mode="lstm", name="r"), a=(5, 0, 4)),
    declared=shapes(lambda mx: mx.sym.exp(mx.sym.var("v", shape=(2, 3)))),
    declared_in_part=shapes(lambda mx: mx.sym.FullyConnected(mx.sym.var("v", shape=(0, 3)), num_hidden=2, name="f")),
    declared_otherwise=shapes(lambda mx: mx.sym.exp(mx.sym.var("v", shape=(2, 3))), v=(4, 4)),
    group=shapes(lambda mx: mx.sym.Group([a(mx), b(mx)]), a=(1, 2)),
    scalar_is_unknown=shapes(lambda mx: a(mx) + 1, a=()),
    numpy_numbers=shapes(fc, a=(np.int64(2), 4)),
    unknown_name=shapes(fc, zz=(1, 2)),
    contradiction=shapes(fc, a=(2, 4), fc_weight=(3, 5)),
    contradicting_halves=shapes(lambda mx: a(mx) + b(mx), a=(0, 3), b=(2, 4)),
    no_shape=shapes(fc, a=3),
    both_ways=shapes(fc, (2, 4), fc_bias=(3,)),
)  # fmt: skip
