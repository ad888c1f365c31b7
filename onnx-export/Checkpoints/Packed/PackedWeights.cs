using System.Numerics;
using System.Runtime.InteropServices;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Checkpoints.Packed;

/// <summary>Finds packed matrices among the tensors of a folder.</summary>
/// <param name="layout">How the folder's are laid out.</param>
/// <param name="find">A stored tensor by its name in a checkpoint; counts it as used.</param>
/// <param name="keepsBlocks">True where 4-bit numbers may stay such.</param>
internal sealed class PackedWeights(PackedLayout layout, Func<string, StoredTensor?> find, bool keepsBlocks)
{
    private const string Weight = ".weight";
    private const int WordBits = 32;

    /// <summary>Bits that a number may have.</summary>
    public static readonly int[] Widths = [2, 4, 8];

    /// <summary>True where a weight is packed.</summary>
    public bool Has(string name) => name.EndsWith(Weight, StringComparison.Ordinal)
        && find($"{name[..^Weight.Length]}.{layout.Numbers}") is not null;

    /// <summary>The packed matrix that stands for a weight, null where it is not packed.</summary>
    /// <param name="name">Name of the weight.</param>
    /// <param name="shape">Outputs and inputs.</param>
    /// <exception cref="RefusedException">Its parts do not go together.</exception>
    public PackedTensor? Find(string name, ReadOnlySpan<long> shape)
    {
        if (!name.EndsWith(Weight, StringComparison.Ordinal) || shape.Length != 2)
        {
            return null;
        }

        var module = name[..^Weight.Length];
        if (find($"{module}.{layout.Numbers}") is not { } numbers)
        {
            return null;
        }

        var (outputs, inputs) = (shape[0], shape[1]);
        var bits = Bits(numbers, outputs, inputs);
        var scales = find($"{module}.{layout.Scales}")
            ?? throw new RefusedException($"the checkpoint has no scales of '{numbers.Name}'");
        var groups = Groups(scales, outputs);
        var size = GroupSize(inputs, groups);
        var zeros = Checked(find($"{module}.{layout.Zeros}"), groups * PackedLayout.Words(outputs, WordBits / bits));
        _ = find($"{module}.weight_shape");
        ForgetZeroBias(module);
        return groups == (inputs + size - 1) / size
            ? new PackedTensor(
                name,
                new PackedParts(layout, numbers, scales, zeros, Order(module, inputs, groups, size), groups, size,
                    keepsBlocks),
                outputs,
                inputs,
                bits)
            : throw new RefusedException($"'{scales.Name}' has scales of {groups} groups; {inputs} inputs in groups of "
                + $"{size} need {(inputs + size - 1) / size}");
    }

    private int Bits(StoredTensor numbers, long outputs, long inputs)
    {
        var widths = layout.OutputsTogether ? [4] : layout.Bits is { } known ? [known] : Widths;
        var fitting = Array.FindAll(widths, bits => Widths.Contains(bits) && numbers.Dtype == TensorDtype.Int32
            && numbers.Shape is [var first, var second]
            && layout.CanHold(outputs, inputs, WordBits / bits)
            && layout.NumbersShape(outputs, inputs, WordBits / bits) == (first, second));
        return fitting is [var bits] && numbers.Entry.ByteLength <= int.MaxValue
            ? bits
            : throw new RefusedException($"tensor '{numbers.Name}' is {numbers.Dtype.WireName()} of shape "
                + $"[{string.Join(", ", numbers.Shape)}]; it must hold {outputs} × {inputs} numbers of "
                + $"{string.Join(", ", widths)} bits in int32 (there are {string.Join(", ", Widths)})");
    }

    // The file's own, or of a module that has another the power of two that makes as many groups.
    private int GroupSize(long inputs, int groups)
    {
        var least = (inputs + groups - 1) / groups;
        if (layout.GroupSize is not { } own || Fits(own))
        {
            return layout.GroupSize ?? (int)least;
        }

        var size = groups == 1 ? least : (long)BitOperations.RoundUpToPowerOf2((ulong)least);
        return Fits(size) ? (int)size : own;

        bool Fits(long size) => (inputs + size - 1) / size == groups;
    }

    private int Groups(StoredTensor scales, long outputs)
    {
        var (own, groups) = scales.Shape switch
        {
            [var first, var second] => layout.OutputsFirst ? (first, second) : (second, first),
            [var only] => (only, 1),
            _ => (0, 0),
        };
        return own == outputs && scales.Dtype.IsWireFloat() && groups is > 0 and < int.MaxValue
            ? (int)groups
            : throw new RefusedException($"tensor '{scales.Name}' is {scales.Dtype.WireName()} of shape "
                + $"[{string.Join(", ", scales.Shape)}]; it must hold floats for {outputs} outputs");
    }

    private static StoredTensor? Checked(StoredTensor? zeros, long words) =>
        zeros is null || (zeros.Dtype == TensorDtype.Int32 && zeros.ElementCount == words) ? zeros
        : throw new RefusedException($"tensor '{zeros.Name}' is {zeros.Dtype.WireName()} of shape "
            + $"[{string.Join(", ", zeros.Shape)}]; it must hold {words} words of int32");

    // Inputs that were rounded in another order than they stand in may be of any group.
    private int[]? Order(string module, long inputs, int groups, int size)
    {
        if (find($"{module}.{layout.Groups}") is not { } stored)
        {
            return null;
        }

        var order = stored.Dtype == TensorDtype.Int32 && stored.ElementCount == inputs
            ? MemoryMarshal.Cast<byte, int>(stored.File.Bytes(stored.Entry, 0, (int)stored.Entry.ByteLength)).ToArray()
            : [-1];
        if (order.Any(group => group < 0 || group >= groups))
        {
            throw new RefusedException($"tensor '{stored.Name}' must hold a group of 0..{groups - 1} for each of "
                + $"{inputs} inputs");
        }

        return order.Index().All(input => input.Item == input.Index / size) ? null : order;
    }

    // Some tools write a bias of zeros for projections that have none.
    private void ForgetZeroBias(string module)
    {
        if (find($"{module}.bias") is { } bias && bias.Dtype.IsWireFloat())
        {
            var values = new float[bias.ElementCount];
            bias.Read(0, values);
            if (values.AsSpan().ContainsAnyExcept(0f))
            {
                Kept?.Invoke(bias.Name);
            }
        }
    }

    /// <summary>Told of a bias that says something: it counts as used only where the model asks for it.</summary>
    public Action<string>? Kept { get; init; }
}
