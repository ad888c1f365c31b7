using Stip.Client.Embedding;
using Stip.Client.Encoders;
using Stip.Keys.Bundles;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Client.Bundles;

/// <summary>What must hold of a bundle.json before anything in it is believed.</summary>
internal static class BundleManifestRules
{
    public const string Unprotected = "none";

    public static void Check(BundleManifest manifest, string folder, bool allowUnprotected)
    {
        if (Fault(manifest) is { } fault)
        {
            throw new BundleException($"{Path.Combine(folder, BundleManifest.FileName)}: {fault}");
        }

        if (manifest.Mode == Unprotected && !allowUnprotected)
        {
            throw new BundleException(
                $"{folder} is unprotected (mode none): prompts would be readable by the server; " +
                "--allow-unprotected opens it for comparison");
        }
    }

    private static string? Fault(BundleManifest manifest) => manifest switch
    {
        { Protocol: not PackageManifest.CurrentProtocol } =>
            $"protocol '{manifest.Protocol}' is not {PackageManifest.CurrentProtocol}",
        { Model: null or "" } => "'model' is missing",
        { Instance: null or "" } => "'instance' is missing",
        { Mode: null or "" } => "'mode' is missing",
        { Fingerprint: null or "" } => "'fingerprint' is missing",
        {
            Kind: not (BundleKinds.Decoder or BundleKinds.Encoder or BundleKinds.Image or BundleKinds.VisionLanguage
            or BundleKinds.EncoderDecoder)
        } =>
            $"kind '{manifest.Kind}' is not decoder, encoder, image, vision-language or encoder-decoder",
        { KeyEpoch: < 1 } => $"'key_epoch' {manifest.KeyEpoch} is below 1",
        { HiddenSize: < 1 } => $"'hidden_size' {manifest.HiddenSize} is below 1",
        { VocabSize: < 1 } => $"'vocab_size' {manifest.VocabSize} is below 1",
        { ContextLength: < 1 } => $"'context_length' {manifest.ContextLength} is below 1",
        { EosTokenIds: null } => "'eos_token_ids' is missing",
        { Embedding.Tensors: null } or { Embedding: null } => "'embedding' is missing",
        { ClientGraphs: { } graphs } when GraphFault(graphs) is { } fault => fault,
        _ when !TensorDtypes.TryParseWire(manifest.WireDtype, out var dtype) || !dtype.IsWireFloat() =>
            $"'wire_dtype' '{manifest.WireDtype}' is not float32, float16 or bfloat16",
        { Kind: BundleKinds.Decoder or BundleKinds.Encoder, Embedding.Tensors.Count: 0 }
            when manifest.ClientGraphs?.GetValueOrDefault(BundleKinds.TextRole(manifest)) is { } graph =>
            TokenLayers.Fault(
                graph, manifest.ClientLayers, keeps: BundleKinds.TextRole(manifest) == BundleKinds.Decoder),
        { Kind: not (BundleKinds.Image or BundleKinds.EncoderDecoder), Embedding.Tensors.Count: 0 } =>
            "'embedding' names no tables",
        { Kind: BundleKinds.Image or BundleKinds.VisionLanguage or BundleKinds.EncoderDecoder, ClientGraphs: null } =>
            "'client_graphs' is missing",
        { Kind: BundleKinds.VisionLanguage, ImageTokenId: null } => "'image_token_id' is missing",
        { Pooling: not (null or "mean" or "cls" or "max" or "lasttoken" or Pooling.Output) } =>
            $"'pooling' '{manifest.Pooling}' is not mean, cls, max, lasttoken or {Pooling.Output}",
        { Prompts: { } prompts } when prompts.Any(prompt => prompt.Value is null) => "one of 'prompts' has no text",
        { FillTokenId: { } fill } when fill < 0 || fill >= manifest.VocabSize =>
            $"'fill_token_id' {fill} is not in 0..{manifest.VocabSize - 1}",
        { Sequence: not null, Kind: not BundleKinds.EncoderDecoder } =>
            $"'sequence' is for kind encoder-decoder, not {manifest.Kind}",
        { WholeSequence: not null, Kind: not BundleKinds.Decoder } =>
            $"'whole_sequence' is for kind decoder, not {manifest.Kind}",
        { WholeSequence: { } whole } when WholeSequenceFault(whole) is { } fault => fault,
        { Sequence: { } sequence } when SequenceFault(sequence, manifest.VocabSize) is { } fault => fault,
        _ => EmbeddingFault(manifest.Embedding),
    };

    private static string? GraphFault(IReadOnlyDictionary<string, ClientGraphManifest> graphs) =>
        graphs.FirstOrDefault(pair => pair.Value is not { File.Length: > 0, Inputs: { } inputs, Outputs: { } outputs }
            || !inputs.Concat(outputs).All(port => port is { Name.Length: > 0, Shape: not null })) is { Key: { } role }
            ? $"'client_graphs' of '{role}' lacks a file, inputs or outputs, or one of these a name or shape"
            : null;

    // Words of later versions mean what this one does not do.
    private static string? WholeSequenceFault(WholeSequenceManifest whole) =>
        whole.Rows is not (WholeSequenceManifest.AllRows or WholeSequenceManifest.LastRow)
            ? $"'whole_sequence' has rows '{whole.Rows}', which is not all or last"
            : whole.Gives is not (null or WholeSequenceManifest.Probabilities)
                ? $"'whole_sequence' gives '{whole.Gives}', which is not known"
            : whole.Inputs?.FirstOrDefault(input => input.Value is not (
                WholeSequenceManifest.Ones or WholeSequenceManifest.Zeros or WholeSequenceManifest.Positions))
                is { Key: { } name, Value: var word }
                ? $"'whole_sequence' fills '{name}' with '{word}', which is not ones, zeros or positions"
            : null;

    private static string? SequenceFault(SequenceManifest sequence, int vocabSize)
    {
        int[] ids = [sequence.DecoderStartTokenId, sequence.ForcedBosTokenId ?? 0];
        return sequence.SourceLength < 1 ? $"'source_length' {sequence.SourceLength} is below 1"
            : sequence.MinLength < 0 ? $"'min_length' {sequence.MinLength} is below 0"
            : Array.Exists(ids, id => id < 0 || id >= vocabSize)
                ? $"'sequence' begins with a token outside 0..{vocabSize - 1}"
            : null;
    }

    private static string? EmbeddingFault(EmbeddingManifest embedding)
    {
        string[] known =
        [
            EmbeddingManifest.Token,
            EmbeddingManifest.Position,
            EmbeddingManifest.TokenType,
            .. EmbeddingManifest.Boxes,
        ];
        return embedding.Tensors.FirstOrDefault(name => !known.Contains(name)) is { } other
            ? $"embedding table '{other}' is not one of {string.Join(", ", known)}"
            : embedding.Tensors.Count > 0 && !embedding.Tensors.Contains(EmbeddingManifest.Token)
                ? $"'{EmbeddingManifest.Token}' is missing"
            : !double.IsFinite(embedding.Scale) ? "embedding 'scale' is not a finite number"
            : null;
    }
}
