using System.Text.Json;

namespace Stip.Client.Tokenization.Models;

/// <summary>Turns one pre-tokenised piece into ids.</summary>
internal abstract class TokenModel(Vocabulary vocabulary)
{
    public Vocabulary Vocabulary { get; } = vocabulary;

    public static TokenModel Read(JsonElement model)
    {
        var vocabulary = model.Required("vocab");
        var isPlainList = vocabulary.ValueKind == JsonValueKind.Array && model.Child("unk_id") is not null;
        var implied = isPlainList ? "Unigram" : model.Child("merges") is null ? null : "BPE";
        return (model.OptionalText("type") ?? implied) switch
        {
            "BPE" => BpeModel.Read(model, Vocabulary.Read(vocabulary)),
            "WordPiece" => WordPieceModel.Read(model, Vocabulary.Read(vocabulary)),
            "Unigram" => UnigramModel.ReadPairs(model),
            var other => throw new InvalidDataException(
                $"the model type '{other}' is not supported; supported are BPE, WordPiece and Unigram"),
        };
    }

    public abstract void Encode(string piece, List<int> ids);
}
