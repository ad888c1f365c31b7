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
            "PieceVocabulary" => PieceVocabularyModel.Read(model, Vocabulary.Read(vocabulary)),
            var other => throw new InvalidDataException(
                $"the model type '{other}' is not supported; supported are BPE, WordPiece, Unigram and "
                + "PieceVocabulary"),
        };
    }

    public abstract void Encode(string piece, List<int> ids);

    /// <summary>The same pieces by their texts; where a model can tell, those that it does not know stand as they are
    /// in the text.</summary>
    public virtual void Cut(string piece, List<string> pieces)
    {
        var ids = new List<int>();
        Encode(piece, ids);
        pieces.AddRange(ids.Select(id => Vocabulary.Piece(id)!));
    }
}
