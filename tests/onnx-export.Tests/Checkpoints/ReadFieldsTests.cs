using System.Text;
using Stip.Export.Checkpoints;

namespace Stip.Export.Tests.Checkpoints;

public sealed class ReadFieldsTests
{
    [Theory]
    [InlineData("""{"hidden_size": 8, "odd_scale": 2}""", "odd_scale")]
    [InlineData("""{"hidden_size": 8, "rope": {"theta": 1, "factor": 2}}""", "rope.factor")]
    [InlineData("""{"hidden_size": 8, "other": {"theta": 1}}""", "other")]
    [InlineData("""{"hidden_size": 8, "off": false, "none": null, "zero": 0.0, "empty": [], "nothing": {}}""", "")]
    [InlineData("""
        {"hidden_size": 8, "attention_dropout": 0.1, "initializer_range": 0.02, "eos_token_id": 2, "use_cache": true,
         "transformers_version": "5", "dtype": "float32", "id2label": {"0": "a"}, "router_aux_loss_coef": 0.1}
        """, "")]
    [InlineData("""
        {"hidden_size": 8, "class_cost": 1, "eos_coefficient": 0.1, "use_pretrained_backbone": true, "seq_aux": true,
         "num_nextn_predict_layers": 1, "mask_time_prob": 0.05, "mask_decoder_config": {"hidden_size": 8}}
        """, "")]
    [InlineData("""{"hidden_size": 8, "mask_future": true, "pooler_act": "relu"}""", "mask_future, pooler_act")]
    public void Unread_AfterSomeFieldsWereAskedFor_NamesTheOthersThatSaySomething(string json, string expected)
    {
        var config = ConfigJson.Parse("config.json", Encoding.UTF8.GetBytes(json));
        config.WithDefaults("""{"hidden_size": 4}""").Size("hidden_size");
        config.With("""{"more": 1}""").Section("rope")?.Positive("theta", 1);

        Assert.Equal(expected, string.Join(", ", config.Unread()));
    }
}
