using System.CommandLine;
using Stip.Keys.Owner;
using Stip.Onnx;
using Stip.Onnx.Protection;

namespace Stip.Export.Commands;

/// <summary>The options of <c>protect</c>.</summary>
internal sealed class ProtectArguments
{
    private const int LeastPassphrase = 8;

    private readonly Option<string?> _name = new("--name")
    {
        Description = "Id of the model on the server; its own name unless given.",
    };

    private readonly Option<string> _mode = new Option<string>("--mode")
    {
        DefaultValueFactory = _ => "permutation",
        Description = "permutation; none makes a package that hides nothing, for comparison only.",
    }.AcceptOnlyFromAmong("permutation", "hardened", "none");

    private readonly Option<string> _verify = new Option<string>("--verify")
    {
        DefaultValueFactory = _ => "auto",
        Description = "full runs both models and refuses a package that differs, blocks runs them layer by layer "
            + "in the memory of one, none does not; auto is full where both fit into memory, else blocks.",
    }.AcceptOnlyFromAmong("auto", "full", "blocks", "none");

    private readonly Option<string?> _quantize = new Option<string?>("--quantize")
    {
        Description = "int4 or int8: rounds the server's matrices, in blocks of 32, once they are permuted.",
    }.AcceptOnlyFromAmong("int4", "int8");

    private readonly Option<string?> _tokenizer = new("--tokenizer")
    {
        Description = "Folder whose tokenizer files go to users, where they are not beside the model.",
    };

    private readonly Option<string?> _pooling = new Option<string?>("--pooling")
    {
        Description = "How rows of a text become its vector, of a graph that another exporter wrote; what modules.json "
            + "says unless given.",
    }.AcceptOnlyFromAmong("mean", "cls", "max", "lasttoken");

    private readonly Option<bool> _normalize = new("--normalize")
    {
        Description = "Such vectors are scaled to length 1.",
    };

    private readonly Option<int> _clientLayers = new("--client-layers")
    {
        Description = "How many of a decoder's first layers stay with the client; none unless given.",
    };

    private readonly Option<int?> _contextLength = new("--context-length")
    {
        Description = "Most tokens of a text and of its answer, for T5 and its kin; what config.json says unless "
            + "given.",
    };

    private readonly Option<bool> _hidesLogits = new("--hide-logits")
    {
        Description = "Not there yet: hides from the server how likely each permuted token is.",
    };

    public Option<string> Model { get; } = new("--model")
    {
        Required = true,
        Description = "Folder of export, or an ONNX graph.",
    };

    public Option<string> Output { get; } = new("--output")
    {
        Required = true,
        Description = "Folder to make; absent or empty.",
    };

    public Option<int> Instances { get; } = new("--instances")
    {
        DefaultValueFactory = _ => 1,
        Description = "How many packages with keys of their own to make, in OUTPUT/1, OUTPUT/2 and so on.",
    };

    public void AddTo(Command command)
    {
        Option[] all =
        [
            Model, Output, _name, _mode, _verify, _quantize, _tokenizer, _pooling, _normalize, Instances, _clientLayers,
            _contextLength, _hidesLogits,
        ];
        Array.ForEach(all, command.Add);
    }

    /// <exception cref="RefusedException">What is asked for is not there, or a passphrase is short.</exception>
    public ProtectionOptions Read(ParseResult parsed)
    {
        if (parsed.GetValue(_mode) == "hardened" || parsed.GetValue(_hidesLogits))
        {
            var what = parsed.GetValue(_hidesLogits) ? "--hide-logits" : "--mode hardened";
            throw new RefusedException($"'{what}' is not there yet");
        }

        var passphrase = Environment.GetEnvironmentVariable(OwnerStore.PassphraseVariable);
        if (passphrase is { Length: > 0 and < LeastPassphrase })
        {
            throw new RefusedException($"{OwnerStore.PassphraseVariable} has {passphrase.Length} characters; "
                + $"at least {LeastPassphrase} are needed");
        }

        return new ProtectionOptions(
            parsed.GetValue(_name),
            parsed.GetValue(_mode) == "none" ? ProtectionMode.None : ProtectionMode.Permutation,
            Enum.Parse<VerificationMode>(parsed.GetRequiredValue(_verify), ignoreCase: true),
            passphrase)
        {
            Rounding = parsed.GetValue(_quantize) switch
            {
                null => WeightRounding.None,
                "int4" => WeightRounding.Int4,
                _ => WeightRounding.Int8,
            },
            Tokenizer = parsed.GetValue(_tokenizer),
            Texts = parsed.GetValue(_pooling) is null && !parsed.GetValue(_normalize) ? null
                : new TextVectors(parsed.GetValue(_pooling), parsed.GetValue(_normalize)) { IsChosen = true },
            ClientLayers = parsed.GetValue(_clientLayers),
            ContextLength = parsed.GetValue(_contextLength),
        };
    }
}
