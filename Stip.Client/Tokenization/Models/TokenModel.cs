using System.Text.Json;

namespace Stip.Client.Tokenization.Models;

/// <summary>Turns one pre-tokenised piece into ids.</summary>
internal abstract class TokenModel(Vocabulary vocabulary)
{
    public Vocabulary Vocabulary { get; } = vocabulary;

    public static TokenModel Read(JsonElement model)
    {
        var vocabulary = model.Required("vocab");
        return (model.OptionalText("type") ?? (model.Child("merges") is null ? null : "BPE")) switch
        {
            "BPE" => BpeModel.Read(model, Vocabulary.Read(vocabulary)),
            "WordPiece" => WordPieceModel.Read(model, Vocabulary.Read(vocabulary)),
            var other => throw new InvalidDataException(
                $"the model type '{other}' is not supported; supported are BPE and WordPiece"),
        };
    }

    public abstract void Encode(string piece, List<int> ids);
}
