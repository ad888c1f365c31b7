using Stip.Onnx;

namespace Stip.Export.Checkpoints.Packed;

/// <summary>What <c>quantization_config</c> says of packed matrices.</summary>
internal static class PackedConfig
{
    // Their matrices are stored the other way round, which a packed one does not tell.
    private static readonly string[] InputsFirst = ["gpt2", "openai-gpt", "jais"];

    /// <summary>How a folder's matrices are packed, null where they are not.</summary>
    /// <exception cref="RefusedException">They are packed in a way that cannot be read.</exception>
    public static PackedLayout? Read(ConfigJson config)
    {
        if (config.Section("quantization_config") is not { } rounding)
        {
            return null;
        }

        var packing = rounding.Text("packing_format") ?? "";
        var layout = rounding.Text("quant_method") switch
        {
            "gptq" => Gptq(rounding),
            "awq" => Awq(rounding),
            "auto-round" or "intel/auto-round" when packing.Contains("awq", StringComparison.Ordinal) => Awq(rounding),
            "auto-round" or "intel/auto-round" when packing.Contains("gptq", StringComparison.Ordinal) =>
                Gptq(rounding),
            "compressed-tensors" => PackedLayout.Rows with { Bits = CommonBits(rounding) },
            _ => null,
        };
        return layout is null || layout.OutputsFirst || !InputsFirst.Contains(config.Text("model_type")) ? layout
            : throw new RefusedException($"config.json: packed weights of '{config.Text("model_type")}' are not "
                + "supported: give the weights before they were rounded, or a GGUF file of them");
    }

    private static PackedLayout Gptq(ConfigJson rounding) => rounding.Text("checkpoint_format") switch
    {
        null or "gptq" => Gptq(rounding, zeroOffset: 1),
        "gptq_v2" => Gptq(rounding, zeroOffset: 0),
        var other => throw new RefusedException(
            $"config.json: checkpoint_format is '{other}'; it must be 'gptq' or 'gptq_v2'"),
    };

    private static PackedLayout Gptq(ConfigJson rounding, int zeroOffset) => PackedLayout.Gptq with
    {
        // Modules may have a width of their own (dynamic, extra_config), which their sizes tell.
        Bits = rounding.FindSize("bits") is { } bits && !PackedWeights.Widths.Contains(bits) ? bits : null,
        GroupSize = GroupSize(rounding),
        ZeroOffset = zeroOffset,
    };

    private static PackedLayout Awq(ConfigJson rounding) =>
        (rounding.Text("version") ?? "gemm").Equals("gemm", StringComparison.OrdinalIgnoreCase)
            ? PackedLayout.Awq with { GroupSize = GroupSize(rounding) }
            : throw new RefusedException(
                $"config.json: quantization_config.version is '{rounding.Text("version")}'; it must be 'gemm'");

    // Groups of modules may differ: sizes then tell which a matrix is of.
    private static int? CommonBits(ConfigJson rounding) =>
        (rounding.Section("config_groups")?.Sections().Select(group => group.Section) ?? [])
            .Select(group => group.Section("weights")?.FindSize("num_bits"))
            .OfType<int>()
            .Distinct()
            .ToList() is [var bits] ? bits : null;

    private static int? GroupSize(ConfigJson rounding) =>
        rounding.Integer("group_size") is > 0 and var size ? size : null;
}
