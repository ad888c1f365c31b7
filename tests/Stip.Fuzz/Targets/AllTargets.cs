using Stip.TestKit;

namespace Stip.Fuzz.Targets;

/// <summary>Every parser that reads bytes from outside, by the name on the command line.</summary>
internal sealed class AllTargets : IDisposable
{
    private readonly TemporaryFolder _scratch = new();
    private readonly Dictionary<string, Func<FuzzTarget>> _targets;

    public AllTargets()
    {
        _targets = new Dictionary<string, Func<FuzzTarget>>(StringComparer.Ordinal)
        {
            ["safetensors-header"] = WireTargets.SafetensorsHeader,
            ["request-safetensors"] = WireTargets.RequestSafetensors,
            ["request-json"] = WireTargets.RequestJson,
            ["stream-steps"] = WireTargets.StreamSteps,
            ["answer-safetensors"] = WireTargets.AnswerSafetensors,
            ["forward-safetensors"] = ForwardTargets.RequestSafetensors,
            ["forward-json"] = ForwardTargets.RequestJson,
            ["forward-answer-safetensors"] = ForwardTargets.AnswerSafetensors,
            ["answer-json"] = () => AnswerTargets.Step(_scratch.Path),
            ["forward-answer-json"] = AnswerTargets.Pass,
            ["fork-answer-json"] = AnswerTargets.Fork,
            ["model-json"] = () => AnswerTargets.Model(_scratch.Path),
            ["refusal-json"] = AnswerTargets.Refusal,
            ["server-timing"] = AnswerTargets.Timing,
            ["api-key"] = ServerTargets.ApiKey,
            ["onnx-references"] = ServerTargets.OnnxReferences,
            ["stip-json"] = () => ServerTargets.StipJson(_scratch.Path),
            ["upload-json"] = () => RecordTargets.UploadJson(_scratch.Path),
            ["upload-record"] = () => RecordTargets.UploadRecord(_scratch.Path),
            ["key-json"] = RecordTargets.KeyJson,
            ["small-json"] = RecordTargets.SmallJson,
            ["key-file"] = () => RecordTargets.KeyFile(_scratch.Path),
            ["picture"] = RecordTargets.Picture,
            ["sound"] = SoundTargets.Wave,
            ["openai-chat"] = () => GatewayTargets.Chat(_scratch.Path),
            ["openai-responses"] = () => GatewayTargets.Response(_scratch.Path),
            ["openai-completions"] = () => GatewayTargets.Completion(_scratch.Path),
            ["openai-embeddings"] = GatewayTargets.Embeddings,
            ["onnx-model"] = () => ModelTargets.OnnxModel(_scratch.Path),
            ["config-json"] = () => ModelTargets.ConfigJson(_scratch.Path),
            ["gguf"] = () => ModelTargets.Gguf(_scratch.Path),
            ["tokenizer-json"] = () => ClientTargets.TokenizerJson(_scratch.Path),
            ["chat-template"] = ClientTargets.ChatTemplate,
            ["bundle-json"] = () => ClientTargets.BundleJson(_scratch.Path),
            ["shard-index"] = () => FolderTargets.ShardIndex(_scratch.Path),
            ["image-settings"] = () => FolderTargets.ImageSettings(_scratch.Path),
            ["template-settings"] = () => FolderTargets.TemplateSettings(_scratch.Path),
            ["owner-keys"] = () => FolderTargets.OwnerKeys(_scratch.Path),
            ["user-profile"] = () => FolderTargets.UserProfile(_scratch.Path),
            ["tool-calls"] = () => ClientTargets.ToolCalls(_scratch.Path),
            ["sealed-bundle"] = () => SealTargets.Inspect(_scratch.Path),
            ["sealed-bundle-open"] = () => SealTargets.Unseal(_scratch.Path),
            ["sealed-bundle-sender"] = () => SealTargets.UnsealOfHostileSender(_scratch.Path),
        };
    }

    public IEnumerable<string> Names => _targets.Keys;

    public FuzzTarget Make(string name) => _targets[name]();

    public void Dispose() => _scratch.Dispose();
}
